"""The metadata of an ONNX file: the card, and for programs that do not know it the same as plain keys."""

import json

from pitscape.models.card import CARD_KEY, ModelCard
from pitscape.models.deepness import deepness_keys


def metadata_of(card: ModelCard) -> dict[str, str]:
    """Keys and values, all written from the one card.

    Returns:
        The card; name, radiometry, bands, class colours, licence and fingerprint of the training data; and for networks of
        one source the keys of Deepness. Beside the card, values other than plain text are JSON.
    """
    plain = {
        "name": card.name,
        "radiometry": card.radiometry,
        "bands": json.dumps([f"{source.sensor.name}/{band}" for source in card.sources for band in source.bands]),
        "class_colours": json.dumps({str(each.id): each.colour for each in card.legend.classes}),
        "training_licence": card.training.licence,
        "training_fingerprint": card.training.fingerprint,
    }
    return {CARD_KEY: card.model_dump_json()} | plain | deepness_keys(card)
