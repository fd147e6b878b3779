"""The training of a segmentation network, as a Lightning module."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import lightning
import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from pitscape.imagery.confusion import Counts, scores
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.models.checkpoint import CHECKPOINT_KEY, Recipe
from pitscape.models.network import NetworkSettings, SegmentationNetwork, Standardiser
from pitscape.models.pretrained import begin_pretrained
from pitscape.training.calibration import HeldOutScores
from pitscape.training.data import LabelledScenes
from pitscape.training.loss import Loss, LossSettings
from pitscape.training.transfer import begin_with
from pitscape.training.windows import Sample

if TYPE_CHECKING:
    from pitscape.models.card import Calibration, TrainingRecord

WARM_UP = 0.15
"""Share of all steps in which the learning rate rises."""

FRESH = "pitscape_fresh"
"""What of a frozen encoder learns all the same, in checkpoints: a run that goes on does not load what it began with."""


class SegmentationTask(lightning.LightningModule):
    """A sum of losses on labelled pixels, AdamW with a warm-up and a fall of the learning rate, accuracies per class.

    Bands, classes and normalisation come from the data module, so that one configuration cannot contradict itself.

    Args:
        network: Which network to build.
        loss: What is minimised.
        learning_rate: At its peak.
        weight_decay: Of AdamW.
        schedule: After the warm-up the rate falls along a cosine ("one_cycle": momentum moves against it).
        init_from: Checkpoint of another place, date or sensor whose weights this network begins with.
        frozen_epochs: Epochs in which only the decoder learns, then all does; with ``init_from`` or pre-trained weights.

    Attributes:
        goes_on: Whether a run that was stopped goes on from a checkpoint.
    """

    def __init__(
        self,
        *,
        network: NetworkSettings = NetworkSettings(),  # noqa: B008 - immutable
        loss: LossSettings = LossSettings(),  # noqa: B008 - immutable
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        schedule: Literal["one_cycle", "cosine"] = "one_cycle",
        init_from: str | None = None,
        frozen_epochs: int = 0,
    ) -> None:
        super().__init__()
        self.settings, self.loss_settings = network, loss
        self.learning_rate, self.weight_decay, self.schedule = learning_rate, weight_decay, schedule
        self.init_from, self.frozen_epochs = init_from, frozen_epochs
        self.goes_on = False
        self.network: SegmentationNetwork | None = None
        self.calibration: Calibration | None = None
        self.begun_from: TrainingRecord | None = None

    @property
    def data(self) -> LabelledScenes:
        """The data module of the run."""
        module: LabelledScenes = self.trainer.datamodule  # type: ignore[attr-defined]
        return module

    def configure_model(self) -> None:
        """Build the network once the data is known.

        Weights to begin with are loaded for a new run alone: where a run ``goes_on``, or a checkpoint is judged, its
        weights replace them, and their file may be gone.
        """
        if self.network is not None:
            return
        begins = self.trainer.state.fn == TrainerFn.FITTING and not self.goes_on
        self._check_frozen()
        settings = self.settings if begins else self.settings.model_copy(update={"encoder_weights": None})
        self.standardiser = Standardiser(self.data.sources)
        self.loss = Loss(self.loss_settings, self.data.class_pixels)
        channels = [len(source.bands) for source in self.data.sources]
        network = SegmentationNetwork(settings, channels=channels, classes=len(self.data.legend))
        self.network = network.to(memory_format=torch.channels_last)  # a fifth faster
        begin_pretrained(self.network, settings, self.data.sources)
        if self.init_from and begins:
            self.begun_from = begin_with(self.network, Path(self.init_from), self.data.sources)

    def _check_frozen(self) -> None:
        if not self.frozen_epochs:
            return
        if not (self.init_from or self.settings.encoder_weights):
            raise InputError(
                f"frozen_epochs {self.frozen_epochs}: the encoder would keep random weights; give init_from or encoder_weights."
            )
        if self.trainer.world_size > 1:
            raise InputError(f"frozen_epochs {self.frozen_epochs}: takes one process; train on one, or leave it out.")

    def forward(self, stored: Tensor) -> Tensor:
        """Class scores (N, classes, H, W) of stored numbers (N, bands, H, W)."""
        assert self.network is not None
        result: Tensor = self.network(self.standardiser(stored).contiguous(memory_format=torch.channels_last))
        return result

    def on_train_start(self) -> None:
        """Refuse to go on for other steps than the learning rate was planned for.

        Raises:
            InputError: If ``max_steps`` or ``max_epochs`` has changed.
        """
        cycle: Any = self.lr_schedulers()
        steps = int(self.trainer.estimated_stepping_batches)
        if cycle.total_steps != steps:
            raise InputError(
                f"--trainer.max_steps={steps}: the run was to take {cycle.total_steps} steps; go on with as many, or begin "
                "another run with init_from."
            )

    def on_train_epoch_start(self) -> None:
        """Hold the encoder still at first, where that is wanted."""
        assert self.network is not None
        self.network.freeze_encoder(frozen=self.current_epoch < self.frozen_epochs)

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        """The loss of a batch.

        Raises:
            PitscapeError: If it is not finite, which nothing could mend later.
        """
        del batch_index
        stored, labels = batch
        loss: Tensor = self.loss(self(stored), labels)
        if not torch.isfinite(loss):
            raise PitscapeError(
                f"step {self.global_step}: the loss is {float(loss.detach())}; lower learning_rate, or train with precision 32."
            )
        self.log("train/loss", loss, prog_bar=True, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        classes = len(self.data.legend)
        self.counts = torch.zeros(classes, classes, dtype=torch.int64, device=self.device)
        self.held_out = HeldOutScores()

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        """Count agreement on a batch."""
        del batch_index
        stored, labels = batch
        known = labels != UNOBSERVED
        classes = len(self.counts)
        found = self(stored)
        pairs = found.argmax(dim=1)[known] * classes + labels[known]
        self.counts += torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)
        self.held_out.add(found, labels, known)

    def on_validation_epoch_end(self) -> None:
        """Log accuracies of all validation land together, of all processes; calibrate on it."""
        counts = self.trainer.strategy.reduce(self.counts, reduce_op="sum")
        assert isinstance(counts, Tensor)
        self.counts = counts
        named = named_scores(counts.cpu().numpy(), self.data.legend.names)
        self.log("val/macro_iou", named.pop("val/macro_iou"), prog_bar=True)
        self.log_dict(named)
        self.calibration = self.held_out.calibration()
        if self.calibration:
            found = self.calibration
            self.log_dict({"val/ece": found.ece_before, "val/ece_calibrated": found.ece_after}, rank_zero_only=True)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own type is a union of ten
        """AdamW with a learning rate that rises and falls over all steps."""
        optimiser = torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            self.learning_rate,
            total_steps=steps,
            pct_start=WARM_UP,
            cycle_momentum=self.schedule == "one_cycle",
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Judge a network as it will be used, by its own normalisation, and on land that it did not train on.

        Raises:
            InputError: If it trained on a scene that judges, by another split.
        """
        recipe = Recipe.model_validate(checkpoint[CHECKPOINT_KEY])
        self.begun_from = recipe.training.begun_from
        if self.trainer.state.fn == TrainerFn.FITTING:
            assert self.network is not None
            self.network.fresh = frozenset(checkpoint[FRESH])
            return
        known = {land.scene.image.name for land in self.data.judging} & set(recipe.training.scenes)
        if known and recipe.training.region != str(self.data.split):
            raise InputError(
                f"the checkpoint trained by another split ({recipe.training.region}), and may have seen the land of {min(known)} "
                f"that this one ({self.data.split}) would judge; give the split that it trained by."
            )
        self.standardiser = Standardiser(recipe.sources).to(self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put what the network needs to be used again beside its weights, as plain values."""
        assert self.network is not None
        checkpoint[CHECKPOINT_KEY] = self.recipe().model_dump(mode="json")
        checkpoint[FRESH] = sorted(self.network.fresh)

    def recipe(self) -> Recipe:
        """What the network needs to be used again."""
        data = self.data
        metrics = {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("val/")}
        return Recipe.model_validate(
            {
                "network": self.settings.model_dump(),
                "sources": [source.model_dump() for source in data.sources],
                "legend": data.legend.model_dump(),
                "gsd_m": data.gsd_m,
                "metrics": metrics,
                "calibration": self.calibration,
                "training": {
                    "fingerprint": data.fingerprint,
                    "scenes": [scene.image.name for scene in data.scenes],
                    "region": str(data.split),
                    "licence": data.licence,
                    "steps": self.global_step,
                    "begun_from": self.begun_from,
                },
            }
        )


def named_scores(counts: Counts, names: tuple[str, ...]) -> dict[str, float]:
    """Accuracies under the names that stand in logs and cards: "val/iou_mined", "val/macro_iou" ...

    A ratio that is not defined is NaN.
    """
    result = scores(counts)
    per_class = {"iou": result.iou, "f1": result.f1, "users": result.users, "producers": result.producers}
    named = {
        f"val/{key}_{name}": float(v)
        for key, values in per_class.items()
        for name, v in zip(names, values, strict=True)
    }
    return named | {
        "val/macro_iou": result.macro_iou,
        "val/macro_f1": result.macro_f1,
        "val/overall": result.overall,
    }
