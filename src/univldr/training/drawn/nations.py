"""Simple national flags: by continent, the country, its flag's layers (see ``cloth.lay``), and its look.

Where no look is given, the flag is of bands alone, and its look follows from them.
"""

from __future__ import annotations

Nation = tuple[str, tuple[str, ...], str]

_GREEK = " ".join(["blue", "white"] * 4 + ["blue"])
_STATES = " ".join(["red", "white"] * 6 + ["red"])
_FIFTY = tuple(
    f"star white {8 + 20.5 * i + (10.2 if row % 2 else 0):.0f} {9 + row * 11.2:.0f} 4.6"
    for row in range(9)
    for i in range(6 - row % 2)
)

NATIONS: dict[str, tuple[Nation, ...]] = {
    "Europe": (
        ("France", ("v blue white red",), ""),
        ("Ireland", ("v green white orange",), ""),
        ("Belgium", ("v black yellow red",), ""),
        ("Romania", ("v blue yellow red",), ""),
        ("Germany", ("h black red yellow",), ""),
        ("the Netherlands", ("h red white blue",), ""),
        ("Luxembourg", ("h red white light-blue",), ""),
        ("Austria", ("h red white red",), ""),
        ("Hungary", ("h red white green",), ""),
        ("Bulgaria", ("h white green red",), ""),
        ("Russia", ("h white blue red",), ""),
        ("Ukraine", ("h light-blue yellow",), ""),
        ("Poland", ("h white red",), ""),
        ("Monaco", ("h red white",), ""),
        ("Lithuania", ("h yellow green red",), ""),
        ("Latvia", ("h maroon*2 white maroon*2",), ""),
        ("Denmark", ("h red", "cross white 30 105"), "a white Nordic cross on red"),
        (
            "Norway",
            ("h red", "cross white 46 105", "cross blue 22 105"),
            "a blue cross edged in white on red",
        ),
        ("Finland", ("h white", "cross blue 50 105"), "a blue Nordic cross on white"),
        (
            "Iceland",
            ("h blue", "cross white 46 105", "cross red 22 105"),
            "a red cross edged in white on blue",
        ),
        ("England", ("h white", "cross red 38 150"), "a red cross on white"),
        ("Scotland", ("h blue", "x white 36"), "a white diagonal cross on blue"),
        ("Czechia", ("h white red", "tri blue 150"), "white above red with a blue triangle at the pole"),
        (
            "Greece",
            (f"h {_GREEK}", "box blue 0 0 111 111", "box white 44 0 67 111", "box white 0 44 111 67"),
            "blue and white stripes with a white cross in the corner",
        ),
    ),
    "Africa": (
        ("Nigeria", ("v green white green",), ""),
        ("Ivory Coast", ("v orange white green",), ""),
        ("Mali", ("v green yellow red",), ""),
        ("Guinea", ("v red yellow green",), ""),
        ("Gabon", ("h green yellow light-blue",), ""),
        ("Sierra Leone", ("h green white light-blue",), ""),
        ("Mauritius", ("h red blue yellow green",), ""),
        ("the Gambia", ("h red*6 white blue*4 white green*6",), ""),
        ("Botswana", ("h light-blue*9 white black*4 white light-blue*9",), ""),
        (
            "Cameroon",
            ("v green red yellow", "star yellow 150 102 32"),
            "green, red and yellow with a yellow star",
        ),
        (
            "Senegal",
            ("v green yellow red", "star green 150 102 32"),
            "green, yellow and red with a green star",
        ),
        ("Ghana", ("h red yellow green", "star black 150 102 34"), "red, yellow and green with a black star"),
        ("Burkina Faso", ("h red green", "star yellow 150 102 36"), "red above green with a yellow star"),
        ("Somalia", ("h light-blue", "star white 150 102 52"), "a white star on light blue"),
        (
            "Madagascar",
            ("h red green", "box white 0 0 100 200"),
            "a white band at the pole beside red above green",
        ),
        (
            "Benin",
            ("h yellow red", "box green 0 0 110 200"),
            "a green band at the pole beside yellow above red",
        ),
        ("Sudan", ("h red white black", "tri green 95"), "red, white and black with a green triangle"),
        (
            "Guinea-Bissau",
            ("h yellow green", "box red 0 0 105 200", "star black 52 102 34"),
            "a black star on a red band beside yellow and green",
        ),
        (
            "Tunisia",
            ("h red", "disc white 150 100 52", "moon red white 150 100 38", "star red 162 100 19"),
            "a red crescent and star in a white disc on red",
        ),
    ),
    "Asia": (
        ("Indonesia", ("h red white",), ""),
        ("Yemen", ("h red white black",), ""),
        ("Armenia", ("h red blue orange",), ""),
        ("Thailand", ("h red white blue*2 white red",), ""),
        ("Bangladesh", ("h green", "disc red 136 100 62"), "a red disc on green"),
        (
            "Laos",
            ("h red blue*2 red", "disc white 150 100 40"),
            "a white disc on a blue band between red ones",
        ),
        ("Myanmar", ("h yellow green red", "star white 150 104 66"), "a white star on yellow, green and red"),
        (
            "China",
            (
                "h red",
                "star yellow 52 54 30",
                "star yellow 100 24 10",
                "star yellow 120 44 10",
                "star yellow 120 72 10",
                "star yellow 100 92 10",
            ),
            "one large and four small yellow stars on red",
        ),
        (
            "Turkey",
            ("h red", "moon white red 112 100 52", "star white 176 100 26"),
            "a white crescent and star on red",
        ),
        (
            "Pakistan",
            ("h green", "box white 0 0 75 200", "moon white green 184 100 50", "star white 214 76 20"),
            "a white crescent and star on green beside a white band",
        ),
        (
            "Azerbaijan",
            ("h light-blue red green", "moon white red 146 100 26", "star white 172 100 12"),
            "blue, red and green with a white crescent and star",
        ),
        ("Palestine", ("h black white green", "tri red 100"), "black, white and green with a red triangle"),
        (
            "the United Arab Emirates",
            ("h green white black", "box red 0 0 76 200"),
            "green, white and black beside a red band",
        ),
        (
            "Kuwait",
            ("h green white red", "poly black 0 0 75 66 75 134 0 200"),
            "green, white and red with a black shape at the pole",
        ),
        (
            "Maldives",
            ("h red", "box green 55 45 245 155", "moon white green 156 100 36"),
            "a white crescent in a green field edged in red",
        ),
        (
            "Bahrain",
            (
                "h red",
                "poly white 0 0 90 0 125 20 90 40 125 60 90 80 125 100 90 120 "
                "125 140 90 160 125 180 90 200 0 200",
            ),
            "white and red parted by a zigzag",
        ),
        (
            "Qatar",
            (
                "h maroon",
                "poly white 0 0 90 0 122 12 90 25 122 37 90 50 122 62 90 75 122 87 90 100 122 112 90 125 "
                "122 137 90 150 122 162 90 175 122 187 90 200 0 200",
            ),
            "white and maroon parted by a zigzag",
        ),
        (
            "India",
            ("h orange white green", "disc blue 150 100 28", "disc white 150 100 24", "disc blue 150 100 5"),
            "orange, white and green with a blue wheel",
        ),
    ),
    "the Americas": (
        ("Colombia", ("h yellow*2 blue red",), ""),
        ("Peru", ("v red white red",), ""),
        ("Bolivia", ("h red yellow green",), ""),
        ("Costa Rica", ("h blue white red*2 white blue",), ""),
        (
            "Argentina",
            ("h light-blue white light-blue", "disc yellow 150 100 20"),
            "light blue and white with a yellow sun",
        ),
        (
            "Brazil",
            ("h green", "poly yellow 150 16 280 100 150 184 20 100", "disc blue 150 100 44"),
            "a blue disc in a yellow diamond on green",
        ),
        (
            "Chile",
            ("h white red", "box blue 0 0 100 100", "star white 50 52 28"),
            "white above red with a white star in a blue corner",
        ),
        (
            "Cuba",
            ("h blue white blue white blue", "tri red 130", "star white 44 102 28"),
            "blue and white stripes with a star in a red triangle",
        ),
        (
            "the Bahamas",
            ("h light-blue yellow light-blue", "tri black 120"),
            "light blue and yellow with a black triangle",
        ),
        (
            "Panama",
            (
                "h white",
                "box red 150 0 300 100",
                "box blue 0 100 150 200",
                "star blue 75 52 30",
                "star red 225 152 30",
            ),
            "four quarters in white, red and blue with two stars",
        ),
        (
            "Suriname",
            ("h green*2 white red*4 white green*2", "star yellow 150 102 34"),
            "green, white and red bands with a yellow star",
        ),
        (
            "Honduras",
            (
                "h light-blue white light-blue",
                "star light-blue 150 100 12",
                "star light-blue 110 86 12",
                "star light-blue 190 86 12",
                "star light-blue 110 116 12",
                "star light-blue 190 116 12",
            ),
            "light blue and white with five stars",
        ),
        (
            "Trinidad and Tobago",
            ("h red", "poly white 20 0 100 0 280 200 200 200", "poly black 34 0 86 0 266 200 214 200"),
            "a black diagonal edged in white on red",
        ),
        (
            "the United States",
            (f"h {_STATES}", "box blue 0 0 122 107", *_FIFTY),
            "red and white stripes with white stars on a blue corner",
        ),
    ),
}
