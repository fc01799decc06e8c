"""Pages of the site that are made when it is built: the references, and files that lie outside docs/.

The command line's reference comes from the commands themselves and that of HTTP from docs/openapi.json, so
neither can be out of date.
"""

from __future__ import annotations

import enum
import inspect
import json
import posixpath
import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = (
    "benchmarks/README.md",
    "benchmarks/LOG.md",
    "models/mini/README.md",
    "CHANGELOG.md",
    "SECURITY.md",
)
"""Files of the repository that become pages, as far as they are there; below ``root/`` in the site."""

_LINK = re.compile(r"(\]\()([^)#:\s]+)([)#])")
_ELSEWHERE = re.compile(
    r"""<(?!a\b)[a-z]+\b[^>]*?\b(?:src|srcset|href|poster|data)\s*=\s*["']?((?:https?:)?//[^\s"'>]+)"""
    r"""|(?:url\(|@import)\s*["']?((?:https?:)?//[^\s"')]+)"""
)
_ROLE = re.compile(r":(?:class|func|meth|data|attr|mod):(<code>)[~.]?")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages; ``index.md``, which is about indexes, is not the front page, ``home.md`` is."""
    from mkdocs.structure.files import File

    made = {"reference/cli.md": cli_reference(), "reference/http.md": http_reference()}
    made |= {
        f"root/{path}": (ROOT / path).read_text(encoding="utf-8")
        for path in OUTSIDE
        if (ROOT / path).is_file()
    }
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    _renamed(files, "index.md", "indexes")
    _renamed(files, "home.md", "index")
    return files


def _renamed(files: Files, path: str, name: str) -> None:
    file = files.get_file_from_path(path)
    assert file is not None, path
    file.name, file.dest_uri = name, f"{name}.html"
    file.url, file.abs_dest_path = file.dest_uri, str(Path(file.dest_dir) / file.dest_uri)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to files of the repository lead to their pages."""
    return relinked(markdown, page.file.src_uri)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Docstrings name things by Sphinx's roles; here they are code."""
    return _ROLE.sub(r"\1", html)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site of which a page would ask another machine for anything."""
    from mkdocs.exceptions import PluginError

    for file in sorted(Path(config.site_dir).rglob("*")):
        if file.suffix in (".html", ".css") and (found := asked_elsewhere(file.read_text(encoding="utf-8"))):
            raise PluginError(f"{file} asks other machines: {', '.join(found)}")


def asked_elsewhere(source: str) -> list[str]:
    """Addresses of other machines that a browser asks by itself when it shows this HTML or CSS."""
    return [match[1] or match[2] for match in _ELSEWHERE.finditer(source)]


def relinked(markdown: str, page: str) -> str:
    """``markdown`` of a page of the site, its relative links made right for where the files lie there."""
    here = page.removeprefix("root/") if page.startswith("root/") else f"docs/{page}"

    def link(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), match[2]))
        if target in OUTSIDE:
            target = f"root/{target}"
        elif target.startswith("docs/"):
            target = target.removeprefix("docs/")
        else:
            return match[0]
        return match[1] + posixpath.relpath(target, posixpath.dirname(page) or ".") + match[3]

    return _LINK.sub(link, markdown)


def cli_reference() -> str:
    """A page of every command: what it does, how it is used, its arguments and options."""
    import typer

    from univldr.cli import app

    group: Any = typer.main.get_command(app)
    context = group.make_context("univldr", [], resilient_parsing=True)
    names = group.list_commands(context)
    parts = [
        "# Command line",
        "A setting is an option, or the variable of the environment that is named with it. Exit 0: found, or"
        " done; 1: nothing found; 2: wrong use or an error; 130: interrupted.",
        " · ".join(f"[{name}](#univldr-{name})" for name in names),
    ]
    for name in names:
        parts += _command(name, group.get_command(context, name))
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Any) -> list[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    parts = [f"## univldr {name}", inspect.cleandoc(command.help or "")]
    parts.append(f"```text\nunivldr {usage}\n```")
    rows = [
        _option(one) for one in command.params if one.name != "help" and not getattr(one, "hidden", False)
    ]
    return parts + _table(("", ""), rows)


def _option(one: Any) -> tuple[str, str]:
    if one.param_type_name == "argument":
        name = f"`{one.name}`"
    else:
        name = ", ".join(f"`{flag}`" for flag in [*one.opts, *one.secondary_opts])
        name += f"<br>`{one.envvar}`" if isinstance(one.envvar, str) else ""
    annotation = one.type_descriptor.annotation
    values = list(annotation) if isinstance(annotation, enum.EnumMeta) else typing.get_args(annotation)
    choices = " · ".join(f"`{value}`" for value in values if isinstance(value, str))
    default = getattr(one.default, "value", one.default)
    plain = isinstance(default, str | int | float) and default is not False and default != ""
    shown = "Required." if one.required else f"Default: `{default}`." if plain else ""
    return name, " ".join(filter(None, (_cell(one.help or ""), choices, shown)))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, without the columns that are empty; none where there are no rows."""
    kept = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line[column] for column in kept)} |" for line in lines)
    return [table] if rows else []


def _cell(text: str) -> str:
    cell = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return re.sub(r"\bdocs/(\w+)\.md", r"[\1](../\1.md)", cell)


def http_reference() -> str:
    """A page of every route of docs/openapi.json: what it takes and what it answers."""
    described = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    schemas = described["components"]["schemas"]
    parts = [
        "# HTTP",
        "`univldr serve` answers these; [serving](../serve.md) tells how to ask, who may, and what errors"
        " mean. The same as OpenAPI: [openapi.json](../openapi.json).",
    ]
    used: list[str] = []
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            parts += _route(method, path, route, used)
    parts.append("## Bodies and answers")
    for name in used:  # grows while it is walked: what a schema refers to
        parts += _schema(name, schemas[name], used)
    return "\n\n".join(parts) + "\n"


def _route(method: str, path: str, route: dict[str, Any], used: list[str]) -> list[str]:
    says = route.get("description") or route["summary"]
    parts = [f"## {method.upper()} {path}", inspect.cleandoc(says)]
    rows = []
    for one in route.get("parameters", ()):
        kind, says = _type(one["schema"], used), _cell(one.get("description", ""))
        rows.append((f"`{one['name']}`", one["in"], kind, says))
    parts += _table(("parameter", "in", "type", ""), rows)
    lines = []
    for content in route.get("requestBody", {}).get("content", {}).values():
        lines.append(f"- body: {_type(content['schema'], used)}")
    for status, answer in route["responses"].items():
        if status.startswith("2"):
            kinds = [
                _type(body["schema"], used) if body.get("schema") else f"`{kind}`"
                for kind, body in answer.get("content", {}).items()
            ]
            lines.append(f"- {status}: {', '.join(kinds) or _cell(answer['description'])}")
    parts.append("\n".join(lines))
    return parts


def _schema(name: str, schema: dict[str, Any], used: list[str]) -> list[str]:
    required = schema.get("required", ())
    rows = []
    for field, one in schema.get("properties", {}).items():
        default = (
            "required" if field in required else f"`{json.dumps(one['default'])}`" if "default" in one else ""
        )
        rows.append((f"`{field}`", _type(one, used), default, _cell(one.get("description", ""))))
    says = inspect.cleandoc(schema.get("description", ""))
    return [f"### {name}", says, *_table(("field", "type", "default", ""), rows)]


def _type(schema: dict[str, Any], used: list[str]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in used:
            used.append(name)
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(one, used) for one in choices)
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{json.dumps(one)}`" for one in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), used)}"
    return str(schema.get("type", "anything"))
