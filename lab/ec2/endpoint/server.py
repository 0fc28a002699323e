"""The endpoint itself: moto with machines behind it, on port 5000 of its container.

python -m endpoint.server            serves
python -m endpoint.server cleanup    removes machines and volumes that an endpoint has left behind
"""

from __future__ import annotations

import os
import sys
import threading

# Read by moto when it is imported. Unknown images, types and keys are errors, as on EC2.
os.environ.setdefault("MOTO_AMIS_PATH", "/opt/berth/amis.json")
os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "1"
os.environ["MOTO_ENABLE_KEYPAIR_VALIDATION"] = "1"
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.server import ThreadedMotoServer  # noqa: E402

from . import engine, firewall, groups, images, instances, machines, quotas, volumes  # noqa: E402, F401

PORT = 5000


def main() -> None:
    machines.remove_leftovers()
    volumes.clear()
    if sys.argv[1:] == ["cleanup"]:
        return
    firewall.check()
    volumes.check()
    machines.watch(instances.rebooted_inside, instances.ended_inside)
    ThreadedMotoServer(ip_address="0.0.0.0", port=PORT).start()
    engine.log(f"EC2 on port {PORT}: {engine.HOST_IMAGE} in {engine.NETWORK}")
    threading.Event().wait()


if __name__ == "__main__":
    main()
