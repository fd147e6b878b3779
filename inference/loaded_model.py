"""A model in memory: arrays and scenes to classes and probabilities, without torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote.name import place
from pitscape.inference.array_scene import array_scene
from pitscape.inference.opening import open_predictor
from pitscape.inference.prediction import Prediction, mapped, mapped_scene
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.scene_source import SceneSource
from pitscape.inference.session import Device
from pitscape.models.card import ModelCard

Images: TypeAlias = NDArray[Any] | Mapping[str, NDArray[Any]]
Scenes: TypeAlias = str | Path | Mapping[str, str | Path]
"""One image or scene, or one for each of several sources, by name of the sensor."""


class Model:
    """A network with its card.

    Args:
        predictor: What runs it.
    """

    def __init__(self, predictor: FilePredictor) -> None:
        self.predictor = predictor

    @property
    def card(self) -> ModelCard:
        """What it takes and gives."""
        return self.predictor.card

    @property
    def legend(self) -> Legend:
        """Its classes."""
        return self.card.legend

    def __repr__(self) -> str:
        sources = "; ".join(f"{each.sensor.name} {', '.join(each.bands)}" for each in self.card.sources)
        return f"Model({self.card.name!r}: {sources} at {self.card.gsd_m:g} m -> {', '.join(self.legend.names)})"

    @overload
    def predict(
        self,
        given: Images | Scenes,
        *,
        mask: ArrayLike | None = None,
        nodata: float | None = None,
        output: None = None,
        options: RunOptions | None = None,
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        given: Images | Scenes,
        *,
        mask: ArrayLike | None = None,
        nodata: float | None = None,
        output: str | Path | Outputs,
        options: RunOptions | None = None,
    ) -> dict[str, Any]: ...

    def predict(
        self,
        given: Images | Scenes,
        *,
        mask: ArrayLike | None = None,
        nodata: float | None = None,
        output: str | Path | Outputs | None = None,
        options: RunOptions | None = None,
    ) -> Prediction | dict[str, Any]:
        """Map an image, several, or a scene.

        Images go through the network in the tiles in which a scene of their size would, so that results are the same and
        the network's need of memory is bounded.

        Args:
            given: Stored numbers (bands, H, W) or (N, bands, H, W) of any numeric type in the card's convention, or the path
                of a scene; of several sources a mapping from the sensor's name, of which some may be left out.
            mask: Of images: not 0 where land is hidden, (H, W) or (N, H, W); of several sources it hides the first, as for
                files. For scenes give ``options.reading.mask``.
            nodata: Of images: the number that means "not observed", beside those of the sensor and NaN.
            output: Of a scene: the class map to write, or all files that are wanted.
            options: How it is mapped.

        Returns:
            Classes and probabilities; with ``output`` what stands in the JSON beside the map.

        Raises:
            InputError: If what is given does not fit the card, or a scene is too large to be held in memory.
            PitscapeError: If the network fails.
        """
        options = options or RunOptions()
        images = given if isinstance(given, Mapping) else {self.card.sensor.name: given}
        paths = {name: place(each) for name, each in images.items() if isinstance(each, str | Path)}
        if not paths and options.reading != Reading():
            raise InputError("predict: options.reading is of scenes; give mask and nodata of images.")
        if not paths and output is None:
            return self._images({name: np.asarray(each) for name, each in images.items()}, mask, nodata, options)
        if len(paths) < len(images):
            raise InputError("predict: give images without output, or the paths of scenes; one of the two.")
        if mask is not None or nodata is not None:
            raise InputError("predict: mask and nodata are of images; give options.reading of a scene.")
        scenes = [SceneSource(path, name) for name, path in paths.items()]
        if output is None:
            return mapped_scene(scenes, self.predictor, options)
        wanted = place(output) if isinstance(output, str) else output
        return predict_scene(scenes, self.predictor, wanted, options=options)

    def _images(
        self, images: Mapping[str, NDArray[Any]], mask: ArrayLike | None, nodata: float | None, options: RunOptions
    ) -> Prediction:
        hidden = None if mask is None else np.asarray(mask) != 0
        counts = {len(each) for each in images.values() if each.ndim == 4}
        if not counts:
            scene = array_scene(images, self.card, hidden=hidden, nodata=nodata)
            return mapped(scene, scene.shape, self.predictor, options)
        if len(counts) > 1 or any(each.ndim != 4 for each in images.values()):
            raise InputError("predict: images of several sources must be as many of each.")
        count = counts.pop()
        if not count:
            raise InputError("predict: there are 0 images; give at least one.")
        if hidden is not None and hidden.ndim != 2 and hidden.shape[:1] != (count,):
            raise InputError(
                f"predict: mask is of shape {hidden.shape}; give ({count}, H, W), or (H, W) for all images."
            )
        several = [
            self._images(
                {name: each[number] for name, each in images.items()},
                hidden if hidden is None or hidden.ndim == 2 else hidden[number],
                nodata,
                options,
            )
            for number in range(count)
        ]
        return Prediction(
            np.stack([each.classes for each in several]),
            np.stack([each.probabilities for each in several]),
            self.legend,
        )


def load_model(
    path: str | Path, *, card: str | Path | None = None, expect_sha256: str | None = None, device: Device = "cpu"
) -> Model:
    """Open a model.

    Args:
        path: An ONNX file of ``pitscape export``, or of another maker with a card; s3:// and https:// too.
        card: YAML or JSON of the card of a file that carries none (docs/deploy.md).
        expect_sha256: Of the file, in hexadecimal; None: any.
        device: Where it runs.

    Raises:
        InputError: If the file is no such model, has another SHA-256, or the device is not to be had.
    """
    given = None if card is None else place(card)
    return Model(open_predictor(place(path), card=given, expect_sha256=expect_sha256, device=device))
