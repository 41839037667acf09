"""The training loop: an interrupted run ends as an undisturbed one, and what cannot go on says why."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from cloud import fit as fit_module
from cloud.checkpoint import ABOUT, tensors_digest
from cloud.fit import FitConfig, fit, learning_rate
from edge.errors import EdgeError

CONFIG = FitConfig(steps=35, learning_rate=1e-2, warmup_steps=5, checkpoint_seconds=0)
CHECKPOINT = "checkpoint.safetensors"
Batch = tuple[Tensor, Tensor]


class Killed(BaseException):
    """What a test interrupts training with."""


def make_net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))


def batch(number: int, rows: int = 4) -> Batch:
    chance = torch.Generator().manual_seed(number)
    inputs = torch.randn(rows, 6, generator=chance)
    return inputs, inputs.sum(1, keepdim=True)


def squares(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
    return (model(data[0]) - data[1]).square().mean(), {}


class Drifting(nn.Module):
    """A loss with a state of its own, which the weights come to depend on."""

    def __init__(self, stop_at: int = -1) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))
        self.stop_at = stop_at

    def forward(self, model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        if step == self.stop_at:
            raise Killed
        loss = (model(data[0]) - data[1] - 0.1 * self.get_buffer("seen")).square().mean()
        self.get_buffer("seen").lerp_(loss.detach(), 0.1)
        return loss, {"seen": float(self.get_buffer("seen"))}


class Mapped(nn.Module):
    """A loss with a weight of its own, which is trained beside the model's."""

    def __init__(self, stop_at: int = -1) -> None:
        super().__init__()
        self.map = nn.Linear(1, 1)
        nn.init.constant_(self.map.weight, 0.1)
        nn.init.zeros_(self.map.bias)
        self.stop_at = stop_at

    def forward(self, model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        if step == self.stop_at:
            raise Killed
        return (self.map(model(data[0])) - data[1]).square().mean(), {}


def train(directory: Path, loss: Any = squares, config: FitConfig = CONFIG, net: nn.Module | None = None) -> nn.Module:
    net = net or make_net()
    fit(net, batch, loss, config, directory, "test")
    return net


def weights(net: nn.Module) -> dict[str, list[float]]:
    return {name: value.tolist() for name, value in net.state_dict().items()}


@pytest.mark.parametrize("stop_at", [0, 3, 10, 17, 20, 34])
def test_an_interrupted_run_resumes_to_the_very_same_end(tmp_path: Path, stop_at: int) -> None:
    undisturbed = train(tmp_path / "one", Drifting())
    with pytest.raises(Killed):
        train(tmp_path / "two", Drifting(stop_at))
    had_checkpoint = stop_at >= 10
    resumed = train(tmp_path / "two", Drifting(), net=make_net(seed=1 if had_checkpoint else 0))
    assert weights(resumed) == weights(undisturbed)


def test_weights_of_a_loss_are_trained_and_resumed_beside_the_models(tmp_path: Path) -> None:
    loss, resumed = Mapped(), Mapped()
    undisturbed = train(tmp_path / "one", loss)
    assert weights(loss) != weights(Mapped())
    with pytest.raises(Killed):
        train(tmp_path / "two", Mapped(stop_at=17))
    net = train(tmp_path / "two", resumed, net=make_net(seed=1))
    assert weights(net) == weights(undisturbed) and weights(resumed) == weights(loss)
    assert set(weights(net)) == set(weights(make_net()))


@pytest.mark.parametrize("stops", [[17], [12, 12, 31], [33, 34]])
def test_optimizer_loss_state_and_metrics_survive_interruptions_to_the_byte(tmp_path: Path, stops: list[int]) -> None:
    train(tmp_path / "one", Drifting())
    for stop in stops:
        with pytest.raises(Killed):
            train(tmp_path / "two", Drifting(stop))
    train(tmp_path / "two", Drifting())
    for name in (CHECKPOINT, "metrics.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    held = load_file(tmp_path / "two" / CHECKPOINT)
    assert "trained.loss.seen" in held and "optimizer.0.exp_avg_sq" in held


def test_a_finished_phase_is_loaded_and_not_trained_again(tmp_path: Path) -> None:
    first = train(tmp_path)

    def never(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        raise AssertionError("trained again")

    assert weights(train(tmp_path, never, net=make_net(seed=2))) == weights(first)


def test_metrics_have_one_line_per_ten_steps_with_their_means(tmp_path: Path) -> None:
    seen: list[float] = []

    def recorded(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        loss, _ = squares(model, data, step)
        seen.append(float(loss.detach()))
        return loss, {"twice": 2 * seen[-1]}

    train(tmp_path, recorded)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    assert lines[1]["loss"] == pytest.approx(sum(seen[10:20]) / 10)
    assert lines[1]["twice"] == pytest.approx(2 * lines[1]["loss"])
    assert set(lines[0]) == {"step", "loss", "gradient_norm", "learning_rate", "twice"}


def test_accumulating_two_batches_equals_one_of_both(tmp_path: Path) -> None:
    def both(number: int) -> Batch:
        parts = [batch(2 * number), batch(2 * number + 1)]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    exact = replace(CONFIG, precision="fp32")  # bf16, where it is native, rounds a sum of two and two sums differently
    accumulated, at_once = (make_net().eval() for _ in range(2))
    for net in (accumulated, at_once):
        del net[2]  # type: ignore[operator]  # dropout falls differently
    fit(accumulated, batch, squares, replace(exact, accumulate=2), tmp_path / "a", "a")
    fit(at_once, both, squares, exact, tmp_path / "b", "b")
    for one, two in zip(accumulated.parameters(), at_once.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-5)


def test_the_progress_shows_targets_a_second_where_the_loss_counts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def counting(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        return squares(model, data, step)[0], {"targets": float(len(data[0]))}

    fit(make_net(), batch, squares, CONFIG, tmp_path / "without", "test")
    assert "targets/s" not in capsys.readouterr().err
    fit(make_net(), batch, counting, CONFIG, tmp_path / "with", "test")
    assert re.search(r"targets/s=[\d,]*[1-9]", capsys.readouterr().err)


def test_gradients_are_clipped_to_the_norm(tmp_path: Path) -> None:
    train(tmp_path, config=replace(CONFIG, steps=1, clip=0.01))
    state = load_file(tmp_path / CHECKPOINT)
    moments = [value for name, value in state.items() if name.endswith("exp_avg")]  # 0.1 of the first gradient
    norm = 10 * torch.stack([value.norm() for value in moments]).norm()
    assert float(norm) == pytest.approx(0.01, rel=1e-3)


def test_the_rate_warms_up_linearly_and_falls_as_a_cosine() -> None:
    config = FitConfig(steps=110, learning_rate=2.0, warmup_steps=10, final_rate=0.1)
    assert learning_rate(config, 0) == pytest.approx(0.2)
    assert learning_rate(config, 4) == pytest.approx(1.0)
    assert learning_rate(config, 9) == learning_rate(config, 10) == pytest.approx(2.0)
    assert learning_rate(config, 60) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert learning_rate(config, 35) == pytest.approx(2.0 * (0.1 + 0.45 * (1 + math.cos(math.pi / 4))))
    assert learning_rate(config, 110) == pytest.approx(0.2)
    assert learning_rate(replace(config, warmup_steps=0), 0) == pytest.approx(2.0)


def test_only_matrices_decay(tmp_path: Path) -> None:
    net = make_net()

    def nothing(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        return sum((parameter.sum() * 0.0 for parameter in model.parameters()), torch.zeros(())), {}

    before = {name: value.clone() for name, value in net.state_dict().items()}
    train(tmp_path, nothing, replace(CONFIG, weight_decay=0.5, steps=3), net)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]) == (value.ndim < 2), name


@pytest.mark.parametrize(("precision", "native", "used"), [
    ("fp32", True, False), ("bf16", False, True), ("auto", True, True), ("auto", False, False),
])  # fmt: skip
def test_bf16_is_used_where_asked_for_or_native(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Any, native: bool, used: bool
) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: native, raising=False)
    seen = []

    def loss(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        seen.append(torch.is_autocast_enabled("cpu"))
        return squares(model, data, step)

    train(tmp_path, loss, replace(CONFIG, steps=1, precision=precision))
    assert seen == [used]


def _spoilt(value: Callable[[Tensor], Tensor]) -> Any:
    def loss(model: nn.Module, data: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        plain, figures = squares(model, data, step)
        return (value(plain) if step == 12 else plain), figures

    return loss


@pytest.mark.parametrize(("spoil", "named"), [
    (lambda loss: loss * math.nan, "the loss is nan at step 12"),
    (lambda loss: loss * math.inf, "the loss is inf at step 12"),
    (lambda loss: (loss - loss).sqrt(), "the norm of the gradient is nan at step 12"),
])  # fmt: skip
def test_a_loss_or_gradient_that_is_no_number_stops_before_it_harms_the_weights(
    tmp_path: Path, spoil: Callable[[Tensor], Tensor], named: str
) -> None:
    net = make_net()
    with pytest.raises(EdgeError, match=re.escape(f"test: {named}")) as stopped:
        train(tmp_path, _spoilt(spoil), net=net)
    assert "learning_rate" in stopped.value.fix
    assert all(value.isfinite().all() for value in net.parameters())
    assert all(value.isfinite().all() for value in load_file(tmp_path / CHECKPOINT).values())


def test_what_a_killed_write_left_is_harmless(tmp_path: Path) -> None:
    undisturbed = train(tmp_path / "one")
    with pytest.raises(Killed):
        train(tmp_path / "two", Drifting(stop_at=0))
    for name in (CHECKPOINT, "metrics.jsonl"):
        (tmp_path / "two" / f"{name}.tmp").write_bytes(b"torn")
    assert weights(train(tmp_path / "two")) == weights(undisturbed)


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\xff" * 64, lambda data: data[:-4],
])  # fmt: skip
def test_a_damaged_checkpoint_is_named_with_what_to_do(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    train(tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(EdgeError, match="is damaged or of another model") as refused:
        train(tmp_path)
    assert str(path) in refused.value.problem and f"delete {tmp_path}" in refused.value.fix


@pytest.mark.parametrize("step", ["-10", "36", "x", ""])
def test_a_checkpoint_of_a_step_that_there_is_not_is_refused(tmp_path: Path, step: str) -> None:
    train(tmp_path)
    path = tmp_path / CHECKPOINT
    tensors = load_file(path)
    about = {"step": step, "sha256": tensors_digest(tensors, int(step) if step.strip("-").isdigit() else 0)}
    path.write_bytes(save(tensors, {ABOUT: json.dumps(about)}))
    with pytest.raises(EdgeError, match="is damaged or of another model") as refused:
        train(tmp_path)
    assert "SHA-256" not in refused.value.evidence


def test_a_bit_that_flipped_in_a_checkpoint_is_never_trained_on_from(tmp_path: Path) -> None:
    train(tmp_path)
    path = tmp_path / CHECKPOINT
    whole = path.read_bytes()
    for place in random.Random(0).sample(range(8 * len(whole)), 200):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(EdgeError, match="is damaged or of another model"):
            train(tmp_path)
    path.write_bytes(whole)
    train(tmp_path)


def test_a_checkpoint_without_a_digest_is_refused(tmp_path: Path) -> None:
    train(tmp_path)
    path = tmp_path / CHECKPOINT
    for about in ({}, {"step": "35"}, {ABOUT: '{"step": 35}'}, {ABOUT: "[]"}):
        path.write_bytes(save(load_file(path), about))
        with pytest.raises(EdgeError, match="is damaged or of another model"):
            train(tmp_path)


@pytest.mark.parametrize("damage", [
    lambda lines: [], lambda lines: lines[:-1], lambda lines: [*lines[:-1], lines[-1][:9]],
    lambda lines: ["[]", *lines],
    lambda lines: [b"\xff", *lines], lambda lines: ['{"step": null}', *lines], lambda lines: None,
])  # fmt: skip
def test_damaged_metrics_are_named_with_what_to_do(tmp_path: Path, damage: Callable[[list[Any]], Any]) -> None:
    train(tmp_path)
    path = tmp_path / "metrics.jsonl"
    lines = damage(path.read_text().splitlines())
    if lines is None:
        path.unlink()
    else:
        path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    before = path.read_bytes() if lines is not None else b""
    with pytest.raises(EdgeError, match=r"metrics\.jsonl is damaged") as refused:
        train(tmp_path)
    assert refused.value.fix == f"delete {tmp_path} to train this phase from its start"
    assert (path.read_bytes() if path.exists() else b"") == before


@pytest.mark.parametrize("other", [nn.Linear(6, 1), nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 1))])
def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path, other: nn.Module) -> None:
    train(tmp_path)
    with pytest.raises(EdgeError, match="is damaged or of another model"):
        train(tmp_path, net=other)


def test_no_steps_leave_the_weights_as_they_are(tmp_path: Path) -> None:
    assert weights(train(tmp_path, config=replace(CONFIG, steps=0))) == weights(make_net())


@pytest.mark.parametrize("name", [
    "steps", "learning_rate", "warmup_steps", "weight_decay", "accumulate", "clip", "seed", "checkpoint_seconds",
])  # fmt: skip
@pytest.mark.parametrize("value", [-1, math.nan])
def test_settings_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(EdgeError, match=f"^{name} (is|must be a whole number, not) {value}"):
        replace(CONFIG, **{name: value})


def test_checkpoints_wait_for_a_whole_line_of_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = []
    monkeypatch.setattr(fit_module, "save_checkpoint", lambda directory, step, *rest: saved.append(step))
    train(tmp_path)
    assert saved == [10, 20, 30, 35]
