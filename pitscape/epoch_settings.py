"""The land of a site at one date, and the ecosystem types that split it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from pitscape.imagery.product import date_of
from pitscape.imagery.radiometry import OffsetWord
from pitscape.imagery.reading import Reading
from pitscape.table_settings import Strict


class Epoch(Strict):
    """One date of a site.

    Attributes:
        image: A scene of the model's sensor: a raster, a SAFE or a Landsat product.
        images: Instead, for a model of several sources, a scene by the name of each sensor; some may be missing.
        model: ONNX file that maps this epoch, instead of the site's; their legends agree, their sensors may differ.
        offset: Whether the numbers of the scene that gives the grid hold the agency's offset, where its metadata do not
            say.
        mask: A raster that is not 0 where clouds hide its land, on any grid.
        classes: A ready class map instead of, or beside, an image to be mapped.
        reference: A map of the true classes, for the accuracy.
        shares: Adjusted shares with their covariance, from an accuracy assessment: JSON with ``names``, ``shares`` and
            ``covariance``, over the types or over the land classes.
        ndvi: NDVI of the season or year instead of that of the image: rasters of NDVI, MODIS NDVI, or scenes with red
            and near infrared such as MODIS bands 1 and 2, of one date each, on any grid.
        npp: Net primary production of the year: MOD17A3HGF, another raster [kg C m-2 y-1] on any grid, or a number.
        et: Evapotranspiration of the year: MOD16A3GF, another raster [mm] on any grid, or a number.
        name: What reports call the epoch; the date in the file's name by default.
        year: Calendar year; that of the date in the file's name by default.
    """

    image: str | None = None
    images: dict[str, str] = Field(default_factory=dict)
    model: str | None = None
    offset: OffsetWord | None = None
    mask: str | None = None
    classes: str | None = None
    reference: str | None = None
    shares: str | None = None
    ndvi: tuple[str, ...] = ()
    npp: float | str | None = None
    et: float | str | None = None
    name: str = Field(default="", pattern=r"^[\w\-. ]+$")
    year: int = 0

    @property
    def has_image(self) -> bool:
        """Whether it has a scene, or several."""
        return bool(self.image or self.images)

    @property
    def source(self) -> str | None:
        """The file that it is named by; of several scenes the first with a date."""
        found: str | None = _source_of(self.image, self.images, self.classes)
        return found

    @property
    def reading(self) -> Reading:
        """How its image is read."""
        return Reading(offset=self.offset, mask=Path(self.mask) if self.mask else None)

    @model_validator(mode="before")
    @classmethod
    def _name_from_file(cls, content: Any) -> Any:  # noqa: ANN401 - not yet checked
        if not isinstance(content, dict):
            return content
        named = dict(content)
        if isinstance(named.get("ndvi"), str):
            named["ndvi"] = (named["ndvi"],)
        images = named.get("images")
        source = _source_of(named.get("image"), images if isinstance(images, dict) else {}, named.get("classes"))
        if not source:
            if "year" not in named:
                raise ValueError("an epoch needs an image or a class map, or with tables a year")
            named.setdefault("name", str(named["year"]))
            return named
        acquired = date_of(Path(str(source)))
        named.setdefault("name", acquired.isoformat() if acquired else Path(str(source)).stem)
        if "year" not in named:
            if acquired is None:
                raise ValueError(f"{source} names no date: give the epoch's year")
            named["year"] = acquired.year
        return named

    @model_validator(mode="after")
    def _one_kind_of_image(self) -> "Epoch":
        if self.image and self.images:
            raise ValueError("an epoch has an image or images by sensor; give one of the two")
        if self.model and not self.has_image:
            raise ValueError("model maps an image; give the epoch one, or leave model out")
        return self


def _source_of(image: Any, images: Mapping[str, Any], classes: Any) -> Any:  # noqa: ANN401 - not yet checked
    scenes = [image] if image else list(images.values())
    dated = [scene for scene in scenes if date_of(Path(str(scene)))]
    return next(iter([*dated, *scenes]), None) or classes


class Ecosystems(Strict):
    """The ecosystem types into which vegetated land is split.

    Attributes:
        raster: Type by cell, on any grid.
        types: Name of the type by code, as in the resilience scores: forest, grassland, farmland ...
        otherwise: Type of vegetated land where the raster has no type, such as restored dumps.
    """

    raster: str
    types: dict[int, str]
    otherwise: str = "grassland"
