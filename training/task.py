"""The training of a segmentation network, as a Lightning module."""

from typing import Any

import lightning
import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from pitscape.imagery.confusion import Counts, scores
from pitscape.imagery.legend import UNOBSERVED
from pitscape.models.checkpoint import CHECKPOINT_KEY, Recipe
from pitscape.models.network import NetworkSettings, SegmentationNetwork, Standardiser
from pitscape.training.data import LabelledScenes
from pitscape.training.windows import Sample


class SegmentationTask(lightning.LightningModule):
    """Cross entropy plus Dice on labelled pixels, AdamW with one learning-rate cycle, accuracies per class.

    Bands, classes and normalisation come from the data module, so that one configuration cannot contradict itself.

    Args:
        network: Which network to build.
        learning_rate: Peak of the cycle.
        weight_decay: Of AdamW.
        dice_weight: Weight of the Dice loss beside cross entropy.
        label_smoothing: Of cross entropy; keeps probabilities from growing overconfident.
    """

    def __init__(
        self,
        *,
        network: NetworkSettings = NetworkSettings(),  # noqa: B008 - immutable
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        dice_weight: float = 0.5,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings = network
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dice_weight = dice_weight
        self.cross_entropy = nn.CrossEntropyLoss(ignore_index=UNOBSERVED, label_smoothing=label_smoothing)
        self.dice = smp.losses.DiceLoss("multiclass", ignore_index=UNOBSERVED)
        self.network: SegmentationNetwork | None = None

    @property
    def data(self) -> LabelledScenes:
        """The data module of the run."""
        module: LabelledScenes = self.trainer.datamodule  # type: ignore[attr-defined]
        return module

    def configure_model(self) -> None:
        """Build the network once the data is known."""
        if self.network is None:
            bands, classes = len(self.data.bands), len(self.data.legend)
            self.standardiser = Standardiser(self.data.sensor, self.data.bands, self.data.normalisation)
            self.network = SegmentationNetwork(self.settings, bands=bands, classes=classes)

    def forward(self, stored: Tensor) -> Tensor:
        """Class scores (N, classes, H, W) of stored numbers (N, bands, H, W)."""
        assert self.network is not None
        result: Tensor = self.network(self.standardiser(stored))
        return result

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        """The loss of a batch."""
        del batch_index
        stored, labels = batch
        logits = self(stored)
        loss: Tensor = self.cross_entropy(logits, labels) + self.dice_weight * self.dice(logits, labels)
        self.log("train/loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        classes = len(self.data.legend)
        self.counts = torch.zeros(classes, classes, dtype=torch.int64, device=self.device)

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        """Count agreement on a batch."""
        del batch_index
        stored, labels = batch
        known = labels != UNOBSERVED
        classes = len(self.counts)
        pairs = self(stored).argmax(dim=1)[known] * classes + labels[known]
        self.counts += torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)

    def on_validation_epoch_end(self) -> None:
        """Log accuracies of all validation land together."""
        named = named_scores(self.counts.cpu().numpy(), self.data.legend.names)
        self.log("val/macro_iou", named.pop("val/macro_iou"), prog_bar=True)
        self.log_dict(named)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own type is a union of ten
        """AdamW and one cycle of the learning rate over all steps."""
        optimiser = torch.optim.AdamW(self.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.learning_rate, total_steps=steps, pct_start=0.15)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put what the network needs to be used again beside its weights, as plain values."""
        checkpoint[CHECKPOINT_KEY] = self.recipe().model_dump(mode="json")

    def recipe(self) -> Recipe:
        """What the network needs to be used again."""
        data = self.data
        metrics = {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("val/")}
        return Recipe.model_validate(
            {
                "network": self.settings.model_dump(),
                "sensor": data.sensor.model_dump(),
                "bands": data.bands,
                "normalisation": data.normalisation.model_dump(),
                "legend": data.legend.model_dump(),
                "gsd_m": data.gsd_m,
                "metrics": metrics,
                "training": {
                    "fingerprint": data.fingerprint,
                    "scenes": [scene.image.name for scene in data.scenes],
                    "region": str(data.split),
                    "licence": data.licence,
                    "steps": self.global_step,
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
