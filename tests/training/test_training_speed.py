"""The benchmark of training steps, whose figures are worth what its counting is."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import torch

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "training_gpu.py"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_training", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_operations_by_hand(benchmark: ModuleType) -> None:
    """A product of 3 x 4 and 4 x 5: 60 multiplications and additions; two more such products for the two gradients."""
    one, other = torch.rand(3, 4, requires_grad=True), torch.rand(4, 5, requires_grad=True)
    assert benchmark.operations(lambda: one @ other) == 2 * 60
    assert benchmark.operations(lambda: (one @ other).sum().backward()) == 3 * 2 * 60


def test_operations_of_a_step_grow_with_the_batch(benchmark: ModuleType) -> None:
    settings = benchmark.NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8))
    one, two = (benchmark.operations(benchmark.training_step(settings, CPU, batch=batch, tile=32)) for batch in (1, 2))
    assert two == 2 * one > 0


def test_the_benchmark_runs_on_a_cpu(benchmark: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    benchmark.main(["--batch=2", "--tile=32", "--steps=1", "--matrix=256"])
    torch.set_num_threads(threads)
    told = capsys.readouterr().out
    if not torch.cuda.is_available():
        assert "unet/resnet18, depth 5 on one thread of a CPU: 2 images of 32 px a step" in told
        assert re.search(r"[\d.]+ images/s; [\d.]+ GFLOP an image", told)
        assert "convolution_backward" in told
    assert re.search(r"\d+% of peak", told)
