// A picture to search by: chosen, dropped or pasted, made small enough to send.

import { $ } from "./dom.js";

const AS_IT_IS = 1_500_000; // bytes; models look at a few hundred pixels
const LONGEST = 1024; // pixels, of a picture that is made smaller
const MAX_BYTES = 20_000_000;
const SENDABLE = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);

let made = 0;

export class PictureError extends Error {}

/** { key, uri, preview, name } of a file. Raises PictureError where it is none that can be sent. */
export async function read(file) {
  if (file.type && !file.type.startsWith("image/"))
    throw new PictureError(`${file.name || "This"} is no picture`);
  const blob = SENDABLE.has(file.type) && file.size <= AS_IT_IS ? file : await smaller(file);
  made += 1;
  return {
    key: `${made}:${file.size}`,
    uri: await dataUri(blob),
    preview: URL.createObjectURL(blob),
    name: file.name || "picture",
  };
}

/** A smaller JPEG; the file itself where the browser cannot read it, as the server may. */
async function smaller(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    if (file.size > MAX_BYTES)
      throw new PictureError("The picture is over 20 MB and this browser cannot make it smaller");
    return file;
  }
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // as the server lays transparency over white
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

function dataUri(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.replace(/^data:(?!image\/)[^;,]*/, "data:image/jpeg"));
    reader.onerror = () => reject(new PictureError("The picture cannot be read"));
    reader.readAsDataURL(blob);
  });
}

const pictureOf = (files) => [...files].find((file) => file.type.startsWith("image/")) ?? files[0];

/** Listen for pictures that are chosen, dropped or pasted; `take(file)` gets each. */
export function listen(take) {
  const input = $("file");
  $("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files[0]) take(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    // Some programs copy a picture of a text beside the text; a field wants the text.
    const isText = event.clipboardData?.types.includes("text/plain") && event.target.matches?.("input");
    if (!files.length || isText || event.target.closest?.("dialog[open]")) return;
    event.preventDefault();
    take(pictureOf(files));
  });
  drops(take);
}

function drops(take) {
  const sign = $("drop");
  const has = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0; // entering a child comes before leaving its parent
  const show = (depth) => {
    inside = Math.max(0, depth);
    sign.hidden = inside === 0;
  };
  addEventListener("dragenter", (event) => has(event) && show(inside + 1));
  addEventListener("dragleave", (event) => has(event) && show(inside - 1));
  addEventListener("dragover", (event) => {
    if (!has(event)) return;
    event.preventDefault(); // or the browser would open the file
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    show(0);
    if (event.dataTransfer.files.length) take(pictureOf(event.dataTransfer.files));
  });
}
