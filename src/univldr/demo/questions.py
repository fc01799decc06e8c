"""Questions about the demo corpus, with the documents that answer them."""

from __future__ import annotations

from dataclasses import dataclass

from univldr.types import Modality


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person may ask.

    Attributes:
        text: The words.
        answers: Ids of the right documents: paths in the corpus, without a passage's ``#0``.
        modality: What the answers are made of.
        tour: Whether ``univldr demo`` asks it.
    """

    text: str
    answers: frozenset[str]
    modality: Modality
    tour: bool = False


def _picture(text: str, *names: str, tour: bool = False) -> Question:
    return Question(text, frozenset(f"pictures/{name}" for name in names), Modality.IMAGE, tour)


def _note(text: str, *slugs: str, tour: bool = False) -> Question:
    return Question(text, frozenset(f"notes/{slug}.md" for slug in slugs), Modality.TEXT, tour)


QUESTIONS: tuple[Question, ...] = (
    # Pictures with no caption: only their pixels can answer.
    _picture("a dog runs through the grass", "dog-running-on-grass.jpg"),
    _picture("a black dog in the snow", "black-dog-in-snow.jpg", tour=True),
    _picture("two people riding bikes", "two-people-riding-bikes.jpg"),
    _picture("a child on a swing", "child-on-swing.jpg", tour=True),
    _picture("a man in a red shirt", "man-in-red-shirt.jpg"),
    _picture("a skier going down a mountain", "skier.jpg"),
    _picture("a surfer riding a wave", "surfer.jpg"),
    _picture("swimmers in a pool", "swimmers-in-pool.jpg"),
    _picture("a person climbing a rock face", "rock-climber.jpg"),
    _picture("a basketball player with the ball", "basketball-player.jpg"),
    _picture("a beach with palm trees", "tropical-beach.jpg"),
    _picture("a boat on the sea at sunset", "sailing-boat-at-sunset.jpg"),
    _picture("snow covered mountains", "snowy-mountains.jpg"),
    _picture("a brown horse in a field", "horse-in-meadow.jpg"),
    _picture("a campfire at night", "campfire-at-night.jpg"),
    # Pictures with a caption.
    _picture("the sign that means do not drive in here", "no-entry-sign.png"),
    _picture("which month had the highest ice cream sales?", "red-bar-chart.png", tour=True),
    _picture("where is the treasure buried?", "treasure-map.png"),
    _picture("a flag with a maple leaf", "flag-of-canada.png"),
    _picture("which animals are both birds and swimmers?", "venn-diagram.png"),
    _picture("girl walking in the rain with an umbrella", "girl-with-umbrella.jpg"),
    _picture("how much of the power comes from wind?", "energy-pie-chart.png"),
    _picture("a cake with candles", "birthday-cake.jpg"),
    _picture("penguins", "penguins-on-ice.jpg"),
    # Passages.
    _note("What are Saturn's rings made of?", "astronomy/saturn-rings", tour=True),
    _note("Why do we cry when cutting onions?", "food/why-onions-make-you-cry", tour=True),
    _note("How do plants turn light into sugar?", "biology/photosynthesis"),
    _note("Why is the sky blue?", "physics/why-the-sky-is-blue"),
    _note("How many hearts does an octopus have?", "biology/octopus"),
    _note("What key helped scholars read hieroglyphs?", "history/rosetta-stone"),
    _note("Why can you float so easily in the Dead Sea?", "geography/dead-sea"),
    _note("How far away is a thunderstorm?", "weather/thunder-and-lightning"),
    _note("Who wrote the first computer program?", "computing/ada-lovelace"),
    _note("Why does a marathon have such an odd length?", "sports/marathon-distance"),
    _note("How do vaccines protect against disease?", "health/vaccination"),
    _note("How is broken pottery mended with gold?", "crafts/kintsugi", tour=True),
    _note("When could women first vote?", "society/womens-suffrage"),
    _note("How does a ship get through the Panama Canal?", "transport/panama-canal-locks"),
    _note("How were fresco paintings made?", "art/fresco"),
    _note("Was Beethoven deaf?", "music/beethoven-deafness"),
)

TOUR: tuple[Question, ...] = tuple(question for question in QUESTIONS if question.tour)
"""The six of ``univldr demo``: three for passages, one for a captioned picture, two for bare ones."""
