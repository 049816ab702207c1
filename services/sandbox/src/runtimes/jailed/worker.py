"""A worker that was started as a process of its own, in a jail of bubblewrap's, where no launcher can be had."""

import os
import sys

sys.path.append(os.path.dirname(sys.argv[0]))

import toolmesh_supervisor as supervisor
import toolmesh_wire as wire

supervisor.serve(wire.from_json(sys.argv[1].encode("utf-8", "surrogateescape")))
