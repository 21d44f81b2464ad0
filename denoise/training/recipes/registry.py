"""Every recipe, by the name of its network in the zoo."""

from denoise.errors import SettingError, UnknownModelError
from denoise.training.recipes.classifier import CLASSIFIER_RECIPES
from denoise.training.recipes.every_picture import ABLATION_RECIPES, EVERY_PICTURE_RECIPES
from denoise.training.recipes.photo import PHOTO_RECIPES, TUTORIAL_PHOTO_RECIPES
from denoise.training.recipes.recipe import Recipe
from denoise.training.recipes.small_image import (
    NARROW_TUTORIAL_RECIPES,
    SMALL_IMAGE_RECIPES,
    TUTORIAL_SMALL_IMAGE_RECIPES,
)

OURS = "ours"
RECIPES = PHOTO_RECIPES | SMALL_IMAGE_RECIPES | CLASSIFIER_RECIPES
BY_KIND = {  # networks trained as in tutorials are compared, not shipped
    OURS: RECIPES,
    "tutorial": TUTORIAL_PHOTO_RECIPES | TUTORIAL_SMALL_IMAGE_RECIPES,
    "next": EVERY_PICTURE_RECIPES,  # for every picture; to be ours once it is trained
    **ABLATION_RECIPES,  # what each ingredient brings, at equal steps
    "tutorial-32": NARROW_TUTORIAL_RECIPES,
}


def find_recipe(name: str, kind: str = OURS) -> Recipe:
    """Return a network's recipe: ours, or the tutorial's as published.

    Raises:
        UnknownModelError: no network has that name.
        SettingError: it has no recipe of that kind.
    """
    if not any(name in recipes for recipes in BY_KIND.values()):
        raise UnknownModelError(
            f"There is no recipe for {name!r}; choose one of: {', '.join(RECIPES)}."
        )
    if name not in BY_KIND.get(kind, {}):
        kinds = [known for known, recipes in BY_KIND.items() if name in recipes]
        raise SettingError(f"{name} has no recipe {kind!r}; choose one of: {', '.join(kinds)}.")
    return BY_KIND[kind][name]
