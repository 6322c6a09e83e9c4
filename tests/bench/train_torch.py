"""The training workloads of train.ts in PyTorch, eager, CPU. Prints one JSON object: name -> best ms per step.

Run with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=2: PyTorch's own threads do the work; with OpenBLAS threads on top
it is twice as slow.
"""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.manual_seed(1)


class Tcn(nn.Module):
    """Causal dilated convolutions with identity residuals, read at the newest step."""

    def __init__(self, features, channels, levels):
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Conv1d(features if level == 0 else channels, channels, 3, dilation=2**level) for level in range(levels)
        )
        self.output = nn.Linear(channels, 1)

    def forward(self, x):
        for level, conv in enumerate(self.levels):
            y = torch.relu(conv(F.pad(x, (2 * 2**level, 0))))
            x = x + y if x.shape == y.shape else y
        return self.output(x[:, :, -1])


def mlp(inputs, *hidden):
    layers = []
    for units in hidden:
        layers += [nn.Linear(inputs, units), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


def best_step_ms(model, shape, batch, steps, rounds):
    x = torch.rand(batch * steps, *shape) - 0.5
    y = 2 * x.reshape(batch * steps, -1)[:, -1:].clone()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for i in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss = ((model(x[i * batch : (i + 1) * batch]) - y[i * batch : (i + 1) * batch]) ** 2).mean()
            loss.backward()
            optimizer.step()
        best = min(best, (time.perf_counter() - started) / steps * 1e3)
    return best


print(
    json.dumps(
        {
            "version": torch.__version__,
            "mlp-137-b64": best_step_ms(mlp(137, 128, 128), (137,), 64, 300, 5),
            "mlp-960-b256": best_step_ms(mlp(960, 256, 256, 256), (960,), 256, 50, 5),
            "tcn-240x20-b128": best_step_ms(Tcn(20, 64, 4), (20, 240), 128, 12, 4),
        }
    )
)
