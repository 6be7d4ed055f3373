"""Blocks that several networks are made of."""

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """3 x 3 with zero padding, normalised over the batch while it learns, rectified."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


def fold(net: nn.Module) -> nn.Module:
    """The same function with every batch normalisation folded into the convolution before it."""
    for parent in list(net.modules()):
        if isinstance(parent, nn.Sequential) and len(parent) > 1 and isinstance(parent[1], nn.BatchNorm2d):
            parent[0] = fuse_conv_bn_eval(parent[0].eval(), parent[1].eval())  # type: ignore[type-var]
            parent[1] = nn.Identity()
    return net.eval()


def unit(entering: int, leaving: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3 x 3 convolution without a bias, normalisation, rectifier."""
    plain = nn.Conv2d(entering, leaving, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(plain, nn.BatchNorm2d(leaving), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two plain 3 x 3 convolutions around a shortcut (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = unit(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, value: Tensor) -> Tensor:
        """Same shape out."""
        return functional.relu(value + self.second(self.first(value)))


class PlainResidual(nn.Module):
    """Two convolutions beside the identity, nothing normalised: for colours, whose level matters."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, 0, 0.01)  # begins near the identity

    def forward(self, value: Tensor) -> Tensor:
        """Same shape out."""
        return value + self.second(functional.relu(self.first(functional.relu(value))))
