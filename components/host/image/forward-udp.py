#!/usr/bin/python3
"""Leads a UDP port to a port of another machine, until it is ended: what systemd-socket-proxyd is for TCP.

usage: forward-udp.py PORT MACHINE:PORT

Each sender gets a socket of its own towards the machine, by which the answers find back to it. (socat forks for each
sender, and was seen to lose up to a third of the packets of senders that come at once.)
"""

import selectors
import signal
import socket
import sys
import time
from collections import OrderedDict

IDLE = 120  # seconds after which a sender without a packet either way is forgotten: as Linux's connection tracking
MOST_SENDERS = 1000  # the one that was silent longest makes room: a process may have 1024 files open
LARGEST = 65535  # bytes of a packet
AT_ONCE = 64  # packets that are read from one socket before the others have their turn


class Forwarder:
    def __init__(self, port: int, machine: tuple[str, int]) -> None:
        self.machine = machine
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listener.bind(("0.0.0.0", port))
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        # Socket towards the machine and time of the last packet, by sender; the longest silent first.
        self.senders: OrderedDict[tuple[str, int], tuple[socket.socket, float]] = OrderedDict()

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select(timeout=IDLE):
                if key.data is None:
                    self.take_packets()
                else:
                    self.take_answers(key.data)
            self.forget_silent()

    def take_packets(self) -> None:
        for _ in range(AT_ONCE):
            try:
                packet, sender = self.listener.recvfrom(LARGEST)
            except OSError:  # nothing is left, or an earlier answer could not be delivered
                return
            try:
                self.towards(sender).send(packet)
            except OSError:  # the machine is away or does not listen. Its address is asked for anew with the next packet
                self.forget(sender)

    def take_answers(self, sender: tuple[str, int]) -> None:
        for _ in range(AT_ONCE):
            if sender not in self.senders:
                return
            try:
                answer = self.towards(sender).recv(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                self.forget(sender)
                return
            try:
                self.listener.sendto(answer, sender)
            except OSError:  # lost, as any packet may be
                return

    def towards(self, sender: tuple[str, int]) -> socket.socket:
        known = self.senders.get(sender)
        if known is None:
            if len(self.senders) >= MOST_SENDERS:
                self.forget(next(iter(self.senders)))
            machine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            machine.setblocking(False)
            self.selector.register(machine, selectors.EVENT_READ, sender)
            self.senders[sender] = (machine, time.monotonic())
            machine.connect(self.machine)
        else:
            machine = known[0]
            self.senders[sender] = (machine, time.monotonic())
            self.senders.move_to_end(sender)
        return machine

    def forget_silent(self) -> None:
        now = time.monotonic()
        while self.senders:
            sender, (_, last) = next(iter(self.senders.items()))
            if now - last < IDLE:
                return
            self.forget(sender)

    def forget(self, sender: tuple[str, int]) -> None:
        if sender in self.senders:
            machine, _ = self.senders.pop(sender)
            self.selector.unregister(machine)
            machine.close()


def main() -> None:
    port, machine = sys.argv[1:]
    name, _, target = machine.rpartition(":")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Forwarder(int(port), (name, int(target))).run()


if __name__ == "__main__":
    main()
