# from: ordinary code
# result: ^\[Point\(x=1, y=2\), <Color.RED: 1>\]$

from dataclasses import dataclass
from enum import Enum

@dataclass
class Point:
    x: int
    y: int

class Color(Enum):
    RED = 1

[Point(1, 2), Color.RED]
