"""The training workloads of tests/bench/train in PyTorch, eager, CPU, driven over standard input so that its rounds
and ours take turns. Each line asks for one thing and gets one line of JSON back:

  train NAME STEPS     milliseconds per step of one round
  latency NAME COUNT   milliseconds of one forward pass of one sample, median and 95th percentile
  memory               peak resident kilobytes of this process (Linux)

Run with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=2: PyTorch's own threads do the work; with OpenBLAS threads on top
it is twice as slow.
"""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.manual_seed(1)


def mlp(inputs, *hidden):
    layers = []
    for units in hidden:
        layers += [nn.Linear(inputs, units), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


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


class Block(nn.Module):
    """Two causal dilated convolutions with a residual path."""

    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.first = nn.Conv1d(inputs, outputs, 3, dilation=dilation)
        self.second = nn.Conv1d(outputs, outputs, 3, dilation=dilation)
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x):
        h = F.relu(self.first(F.pad(x, (self.pad, 0))))
        h = F.relu(self.second(F.pad(h, (self.pad, 0))))
        return F.relu(h + self.skip(x))


def blocks(inputs, channels, levels):
    return nn.Sequential(*[Block(inputs if i == 0 else channels, channels, 2**i) for i in range(levels)])


class Tcn2(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = blocks(20, 64, 4)
        self.head = nn.Linear(64, 1)

    def forward(self, x):
        return self.head(self.body(x)[:, :, -1])


class Autoencoder(nn.Module):
    """240 x 80 -> 4 levels of 64 channels -> means of 8 steps -> 100 latents -> mirror image."""

    def __init__(self):
        super().__init__()
        self.encoder = blocks(80, 64, 4)
        self.down = nn.Linear(64 * 30, 100)
        self.up = nn.Linear(100, 64 * 30)
        self.decoder = blocks(64, 64, 4)
        self.output = nn.Conv1d(64, 80, 1)

    def forward(self, x):
        z = self.down(F.avg_pool1d(self.encoder(x), 8).flatten(1))
        h = F.interpolate(self.up(z).view(-1, 64, 30), scale_factor=8.0, mode="nearest")
        return self.output(self.decoder(h))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, groups, embedding):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs)
        self.conv1 = nn.Conv1d(inputs, outputs, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * outputs)
        self.norm2 = nn.GroupNorm(groups, outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x)))
        gain, shift = self.film(e).unsqueeze(2).chunk(2, 1)
        h = self.norm2(h) * (gain + 1) + shift
        return self.conv2(F.silu(h)) + self.skip(x)


class Attention(nn.Module):
    def __init__(self, channels, groups, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x):
        b, c, t = x.shape
        q, k, v = (
            part.view(b, t, self.heads, c // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm(x).transpose(1, 2)).chunk(3, 2)
        )
        weights = torch.softmax(q @ k.transpose(2, 3) * (c // self.heads) ** -0.5, -1)
        mixed = (weights @ v).transpose(1, 2).reshape(b, t, c)
        return x + self.out(mixed).transpose(1, 2)


class Unet(nn.Module):
    """The conditioned temporal U-Net of models/diffusion: window 64 x 8, series of 64 steps, 200 noise steps."""

    def __init__(self, channels=64, levels=3, groups=8, heads=4, embedding=128, encoder=32, window=64, features=8):
        super().__init__()
        alphas = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 200), 0)
        self.register_buffer("alphas", alphas)
        half = embedding // 2
        angles = torch.arange(200).unsqueeze(1) * torch.exp(-math.log(10000) * torch.arange(half) / half)
        self.register_buffer("table", torch.cat([angles.sin(), angles.cos()], 1))
        self.time1 = nn.Linear(embedding, embedding)
        self.time2 = nn.Linear(embedding, embedding)
        convs, steps, inputs = [], window, features
        while steps > ENCODED_STEPS:
            convs += [nn.Conv1d(inputs, encoder, 5, stride=2, padding=2), nn.SiLU()]
            steps, inputs = (steps + 1) // 2, encoder
        self.window = nn.Sequential(*convs, nn.Flatten(), nn.Linear(inputs * steps, embedding))
        width = [channels * 2**level for level in range(levels)]
        block = lambda a, b: Residual(a, b, groups, embedding)
        self.first = nn.Conv1d(1, channels, 3, padding=1)
        self.down = nn.ModuleList(block(width[max(0, i - 1)], width[i]) for i in range(levels))
        self.halve = nn.ModuleList(nn.Conv1d(w, w, 4, stride=2, padding=1) for w in width[:-1])
        self.attention = Attention(width[-1], groups, heads)
        self.middle = block(width[-1], width[-1])
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose1d(width[i + 1], width[i], 4, stride=2, padding=1) for i in range(levels - 1)
        )
        self.up = nn.ModuleList(block(2 * width[i], width[i]) for i in range(levels - 1))
        self.norm = nn.GroupNorm(groups, channels)
        self.last = nn.Conv1d(channels, 1, 3, padding=1)

    def forward(self, x, t, window):
        e = F.silu(self.time2(F.silu(self.time1(self.table[t]))) + self.window(window))
        h, skips = self.first(x.unsqueeze(1)), []
        for i, block in enumerate(self.down):
            h = block(h, e)
            if i < len(self.halve):
                skips.append(h)
                h = self.halve[i](h)
        h = self.middle(self.attention(h), e)
        for i in reversed(range(len(self.up))):
            h = self.up[i](torch.cat([self.enlarge[i](h), skips[i]], 1), e)
        return self.last(F.silu(self.norm(h))).squeeze(1)

    def loss(self, batch):
        window, clean = batch
        t = torch.randint(0, 200, (len(clean),))
        noise = torch.randn_like(clean)
        a = self.alphas[t].unsqueeze(1)
        x = clean * a.sqrt() + noise * (1 - a).sqrt()
        velocity = noise * a.sqrt() - clean * (1 - a).sqrt()
        return (((self(x, t, window) - velocity) ** 2).mean(1) * a.squeeze(1)).mean()


ENCODED_STEPS = 4


class Transformer(nn.Module):
    """Pre-norm encoder with causal attention, mean over time."""

    def __init__(self, features=20, channels=64, heads=4, layers=3, inner=128, window=64):
        super().__init__()
        self.input = nn.Linear(features, channels)
        layer = nn.TransformerEncoderLayer(
            channels, heads, inner, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, layers)
        self.register_buffer("mask", torch.triu(torch.full((window, window), float("-inf")), 1))
        self.register_buffer("places", torch.randn(window, channels))
        self.norm = nn.LayerNorm(channels)
        self.output = nn.Linear(channels, 1)

    def forward(self, x):
        h = self.body(self.input(x) + self.places, self.mask)
        return self.output(self.norm(h.mean(1)))


def regression(make, batch, *shape):
    return {"make": make, "data": lambda: [(torch.rand(batch, *shape) - 0.5, torch.rand(batch, 1)) for _ in range(8)]}


WORKLOADS = {
    "mlp-137-b64": regression(lambda: mlp(137, 128, 128), 64, 137),
    "mlp-960-b256": regression(lambda: mlp(960, 256, 256, 256), 256, 960),
    "tcn-240x20-b128": regression(lambda: Tcn(20, 64, 4), 128, 20, 240),
    "tcn2-240x20-b128": regression(Tcn2, 128, 20, 240),
    "tcnAutoencoder-240x80-b64": {
        "make": Autoencoder,
        "data": lambda: [(x, x) for x in (torch.randn(64, 80, 240) for _ in range(8))],
    },
    "unet-64-b64": {
        "make": Unet,
        "data": lambda: [(torch.randn(64, 8, 64), torch.randn(64, 64)) for _ in range(8)],
    },
    "transformer-64x20-b64": regression(Transformer, 64, 64, 20),
}


class Open:
    def __init__(self, name):
        self.model = WORKLOADS[name]["make"]()
        self.batches = WORKLOADS[name]["data"]()
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.turn = 0

    def loss(self, batch):
        if hasattr(self.model, "loss"):
            return self.model.loss(batch)
        return F.mse_loss(self.model(batch[0]), batch[1])

    def train(self, steps):
        started = time.perf_counter()
        for _ in range(steps):
            self.turn += 1
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(self.batches[self.turn % len(self.batches)]).backward()
            self.optimizer.step()
        return (time.perf_counter() - started) / steps * 1e3

    def latency(self, count):
        one, times = self.batches[0][0][:1].clone(), []
        with torch.no_grad():
            for _ in range(count):
                started = time.perf_counter()
                self.model(one)
                times.append((time.perf_counter() - started) * 1e3)
        times.sort()
        return {"p50": times[count // 2], "p95": times[int(count * 0.95)]}


def peak_kilobytes():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])


opened = {}
print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    what, *rest = line.split()
    if what == "memory":
        answer = peak_kilobytes()
    else:
        name, count = rest[0], int(rest[1])
        if name not in opened:
            opened[name] = Open(name)
        answer = opened[name].train(count) if what == "train" else opened[name].latency(count)
    print(json.dumps(answer), flush=True)
