/** One thing that breaks, what Berth does about it, and the test on real hosts that holds it to that. */
export interface Fault {
    /** Stable and unique, lower case with hyphens. */
    id: string;
    /** What breaks, as a person would say it. */
    breaks: string;
    /** What Berth does: what is said, and what the next run does. */
    promise: string;
    /** Title of a test in test/faults, test/e2e or test/upkeep, as it is written there. Several faults may share one. */
    test: string;
}

export interface FaultGroup {
    title: string;
    faults: Fault[];
}

/**
 * The fault table. docs/reliability.md shows it with the results of the last run; test/unit/reliability.test.ts holds
 * that each row has a test, and that the document has these rows.
 */
export const FAULTS: FaultGroup[] = [
    {
        title: "Reaching the host",
        faults: [
            {
                id: "ssh-refused-at-boot",
                breaks: "sshd refuses for 60 s at the first boot",
                promise: "`up` goes on dialing, and ends well in the same run",
                test: "a machine whose sshd refuses for its first 60 s comes up in the same run",
            },
            {
                id: "packets-dropped-60-s",
                breaks: "Packets to the host are dropped for 60 s",
                promise: "`up` goes on dialing, and ends well in the same run",
                test: "a server that is silent for 60 s comes up in the same run",
            },
            {
                id: "packets-dropped",
                breaks: "Packets to the host are dropped for ever",
                promise: "`up` gives up and names the address; when the host is back, the next one goes on",
                test: "a server that stays silent is named by its address, and the next up goes on",
            },
            {
                id: "down-of-silent-server",
                breaks: "The server is silent when the stack is destroyed",
                promise: "`down` gives up, names the server, and keeps the stack; when it is back, `down` goes on",
                test: "down of a server that is silent ends soon, and says which; when it is back, down goes on",
            },
            {
                id: "wrong-key",
                breaks: "The server does not know the client's key",
                promise: "`up` says that the key was refused; with the right key the next one goes on",
                test: "a key that the server does not know is refused with what to do, and the right one goes on",
            },
            {
                id: "changed-host-key",
                breaks: "The host has another key than the pinned one",
                promise: "`up` stops after one dial and names both fingerprints; nothing is sent to that host",
                test: "a changed host key stops up after one dial, with both fingerprints",
            },
            {
                id: "hardened-sshd",
                breaks: "A hardened sshd (MaxAuthTries 2, MaxStartups 10:30:60)",
                promise: "`up`, a second one, and `drift` work as ever",
                test: "a hardened sshd lets a stack of eight services up, and finds nothing to change afterwards",
            },
            {
                id: "late-jump-host",
                breaks: "A jump host, or the server behind it, lets us in late",
                promise: "`up` waits for it before the first command, and ends well in the same run",
                test: "a jump host that lets us in late is waited for",
            },
            {
                id: "stale-agent",
                breaks: "SSH_AUTH_SOCK leads nowhere",
                promise: "It is ignored: the stack's own key logs in",
                test: "an SSH_AUTH_SOCK that leads nowhere is ignored",
            },
        ],
    },
    {
        title: "Installing Docker",
        faults: [
            {
                id: "cloud-init-running",
                breaks: "cloud-init is still at work",
                promise: "The install waits for its end",
                test: "an install that meets cloud-init at work waits for its end",
            },
            {
                id: "cloud-init-ended-2",
                breaks: "cloud-init ends with 2 (recoverable errors)",
                promise: "A warning says so, and the install goes on",
                test: "cloud-init that ends with 2 is a warning",
            },
            {
                id: "cloud-init-ended-1",
                breaks: "cloud-init ends with 1 (failed)",
                promise: "A warning says so, and the install goes on",
                test: "cloud-init that ends with 1 is a warning",
            },
            {
                id: "apt-lock-40-s",
                breaks: "apt is locked for 40 s",
                promise: "The install waits, and ends well",
                test: "an apt that is locked for 40 s is waited for",
            },
            {
                id: "apt-lock",
                breaks: "apt is locked for ever",
                promise: "The install gives up after 300 s and names the process that holds the lock",
                test: "an apt that stays locked ends with the name of who holds it, and the next install goes on",
            },
            {
                id: "dpkg-killed",
                breaks: "dpkg is killed in the middle",
                promise: "The install says so; the next one repairs dpkg and goes on",
                test: "a dpkg that is killed is repaired by the next install",
            },
            {
                id: "wrong-repository-key",
                breaks: "The repository's key is another, or its lists are signed by another",
                promise: "Nothing is installed; both fingerprints are named",
                test: "a repository with another key, or signed by another, is refused before anything is installed",
            },
            {
                id: "tampered-index",
                breaks: "The repository's index was tampered with",
                promise: "Nothing is installed; the message says that the index is not the signed one",
                test: "a tampered index is refused before anything is installed",
            },
            {
                id: "expired-signature",
                breaks: "The repository's signature has expired",
                promise: "Nothing is installed; the message names the repository and the two causes",
                test: "an expired index is refused before anything is installed",
            },
            {
                id: "mirror-503",
                breaks: "The mirror answers 503 for 20 s",
                promise: "The install asks again, and ends well",
                test: "a mirror that answers 503 for 20 s is asked again",
            },
            {
                id: "dns-gone",
                breaks: "The host resolves no names",
                promise: "The install says what the host must reach; the next one goes on",
                test: "a host without DNS is told what it must reach, and the next install goes on",
            },
            {
                id: "disk-full-install",
                breaks: "The disk is full during the install",
                promise: "The install says so; with room again the next one goes on",
                test: "a disk that is full while packages are fetched or unpacked is named, and the next install goes on",
            },
            {
                id: "connection-cut",
                breaks: "The connection is cut in the middle of the install",
                promise: "`up` fails; the next one waits for what still runs, and goes on",
                test: "a connection that is cut in the middle of an install is made good by the next up",
            },
            {
                id: "interrupted",
                breaks: "Ctrl-C in the middle of the install",
                promise: "The next `up` goes on, and `down` leaves nothing",
                test: "Ctrl-C in the middle of an installation: the next up goes on, and down leaves nothing",
            },
        ],
    },
    {
        title: "Running",
        faults: [
            {
                id: "disk-full-pull",
                breaks: "The disk is full when an image is pulled",
                promise: "`up` says so, the old container runs on; with room again the next one goes on",
                test: "a disk that is full while an image is pulled leaves the old container running",
            },
            {
                id: "disk-full-build",
                breaks: "The disk is full when an image is built",
                promise: "`up` says so, the old container runs on; with room again the next one goes on",
                test: "a disk that is full while an image is built leaves the old container running",
            },
            {
                id: "disk-full-ledger",
                breaks: "The disk is full when a release is recorded",
                promise: "`up` says so, no release is lost; with room again the next one records it",
                test: "a disk that is full while a release is recorded loses none",
            },
            {
                id: "docker-purged",
                breaks: "Somebody purged Docker",
                promise: "`up --repair` installs it again, and the containers are back",
                test: "a Docker that somebody purged is back after --repair, with the containers",
            },
            {
                id: "user-out-of-group",
                breaks: "The login is not in the group `docker` any more",
                promise: "`up --repair` puts it back",
                test: "a login that left the group docker is put back by --repair",
            },
            {
                id: "daemon-json-broken",
                breaks: "`daemon.json` is broken",
                promise: "`up --repair` names the file and its line, and leaves it as it is",
                test: "a broken daemon.json is named with its line and left alone, and --repair goes on when it is fixed",
            },
            {
                id: "container-removed",
                breaks: "A container was removed by hand",
                promise: "`up --repair` recreates it",
                test: "a container, an image and a network that somebody removed are restored by --repair",
            },
            {
                id: "image-removed",
                breaks: "An image was removed by hand",
                promise: "`up --repair` pulls it again",
                test: "a container, an image and a network that somebody removed are restored by --repair",
            },
            {
                id: "network-removed",
                breaks: "A network was removed by hand",
                promise: "`up --repair` recreates it, and what is in it",
                test: "a container, an image and a network that somebody removed are restored by --repair",
            },
            {
                id: "port-taken",
                breaks: "A port is taken on the host",
                promise: "`up` names who has it and touches nothing; with the port free the next one goes on",
                test: "a port that a program of the host has is refused with its name, and had when it is free",
            },
            {
                id: "reboot",
                breaks: "The host reboots",
                promise: "Services are back at the same address, with their data",
                test: "after a reboot nginx answers at the same address, from the data disk",
            },
            {
                id: "dockerd-killed",
                breaks: "dockerd is killed with -9",
                promise: "It is started again, the containers have run on",
                test: "a dockerd that is killed is started again, and the containers have run on",
            },
            {
                id: "noisy-output",
                breaks: "A build or a container prints Latin-1, escapes and a line of 200 KB",
                promise: "The message is readable and ends, the state stays readable, and the next `up` goes on",
                test: "whatever a build and a container print, the message is readable, the state too, and the next up goes on",
            },
            {
                id: "oom-kill",
                breaks: "A container is killed for its memory",
                promise: "`up` says so, each time; without it the next one goes on",
                test: "a container that is killed for its memory fails the update with that reason",
            },
        ],
    },
    {
        title: "Hosts and runs",
        faults: [
            {
                id: "host-gone",
                breaks: "The host is gone when the stack is updated",
                promise: "`up` says so, and makes it again with all that was on it",
                test: "an instance that was terminated behind Pulumi's back is made again, with all that was on it",
            },
            {
                id: "host-gone-at-destroy",
                breaks: "The host is gone when the stack is destroyed",
                promise: "`down` succeeds, and nothing is left",
                test: "down after the instance was terminated succeeds, and nothing is left on EC2",
            },
            {
                id: "two-runs",
                breaks: "Two `up` at once",
                promise: "One waits for the other, and nothing is made twice",
                test: "two runs at once: one waits for the other, and nothing is made twice",
            },
            {
                id: "run-killed",
                breaks: "`up` is killed while it creates",
                promise: "The next one makes it good",
                test: "a run that is killed while it creates is healed by the next",
            },
            {
                id: "eight-hosts",
                breaks: "Eight hosts at once",
                promise: "All come up in one run, and a second one finds nothing to change",
                test: "eight hosts come up in one run, and a second one finds nothing to change",
            },
        ],
    },
];
