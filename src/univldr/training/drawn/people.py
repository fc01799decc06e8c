"""People: alone or together, doing all sorts of things."""

from __future__ import annotations

from univldr.training.drawn import activities, faces, outings, sports
from univldr.training.drawn.acting import Activity, kind
from univldr.training.drawn.base import Kind
from univldr.training.drawn.figure import Pose

STAND = Pose(front=True)
STAND_SIDE = Pose()
WALK = Pose((26, 40), (-24, -6), (26, 10), (-14, -34), lean=2)
RUN = Pose((58, 120), (-48, 30), (62, -12), (-22, -76), lean=13, lift=3)
JUMP = Pose((150, 168), (-150, -168), (36, -40), (-30, -70), lift=24, front=True)
JUMP_SIDE = Pose((150, 160), (120, 150), (58, -36), (-18, -70), lean=6, lift=22)
DANCE = Pose((120, 170), (-70, -20), (34, -10), (-8, -2), lean=-4, front=True)
DANCE_TOO = Pose((70, 140), (-150, -120), (8, 4), (-40, 10), lean=6, front=True)
WAVE = Pose((140, 172), (-12, -6), front=True)
CHEER = Pose((132, 168), (-132, -168), front=True)

_OUT = "meadow park street beach plain snow blossoms forest mountains"

_ACTIVITIES: tuple[Activity, ...] = (
    Activity("standing", (STAND, STAND, STAND_SIDE), ("standing/stands/stand", "standing/stands/stand still"),
        _OUT + " room city", many=3),
    Activity("walking", (WALK,), ("walking/walks/walk", "going/goes/go for a walk"), _OUT + " city desert",
        many=3),
    Activity("running", (RUN,), ("running/runs/run", "jogging/jogs/jog", "running/runs/run fast"), _OUT,
        many=3),
    Activity("jumping", (JUMP, JUMP_SIDE), ("jumping/jumps/jump", "leaping/leaps/leap into the air"), _OUT,
        many=3),
    Activity("dancing", (DANCE, DANCE_TOO), ("dancing/dances/dance", "dancing/dances/dance with raised arms"),
        "room plain park city meadow beach", many=3),
    Activity("waving", (WAVE,), ("waving/waves/wave", "raising/raises/raise a hand to wave"), _OUT, many=2),
    Activity("cheering", (CHEER,), ("cheering/cheers/cheer", "holding/holds/hold both arms up",
        "raising/raises/raise both arms"), _OUT, many=3),
)  # fmt: skip

KINDS: tuple[Kind, ...] = (
    *(kind(a) for a in _ACTIVITIES),
    *activities.KINDS,
    *outings.KINDS,
    *sports.KINDS,
    *faces.PEOPLE,
)
