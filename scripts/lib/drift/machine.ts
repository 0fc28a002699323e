import { X509Certificate } from "node:crypto";
import type { Expected } from "./expected";
import type { Finding } from "./finding";
import type { Survey } from "./survey";

const DAY = 86_400;
/** Certificates that end within so many days are said; ACME renews 30 days before. */
const CERTIFICATE_DAYS = 14;
/** Disks with less than this share free are said. */
const FREE_SHARE = 0.1;
/** Lists of packages older than so many days say little about updates. */
const LISTS_DAYS = 7;

/** What of the engine, its networks, volumes and units is otherwise than it was made. */
export function engineFindings(expected: Expected, survey: Survey, stack: string): Finding[] {
    const remedy = `./scripts/up -s ${stack} --repair`;
    const { engine, daemon, group, units } = survey;
    const drift = (kind: string, name: string, found: string): Finding => ({
        level: "drift",
        kind,
        name,
        found,
        remedy,
    });
    const findings = engine.missing.map((name) => drift("package", name, "is not installed"));
    if (engine.failure !== "")
        findings.push(drift("engine", "docker", `does not answer: ${firstLine(engine.failure)}`));
    for (const [name, was] of Object.entries(expected.versions)) {
        const is = plainVersion(engine.versions[name as keyof typeof engine.versions] ?? "");
        if (is !== "" && is !== was) findings.push(drift("version", name, `is ${is}, was ${was}`));
    }
    if (expected.version !== undefined && !engine.missing.includes("docker-ce") && !engine.held.includes("docker-ce")) {
        findings.push(drift("package", "docker-ce", "is not held at its version"));
    }
    if (daemon.broken) findings.push(drift("file", "/etc/docker/daemon.json", "is not JSON"));
    for (const key of daemon.differing) findings.push(drift("file", "/etc/docker/daemon.json", `has another ${key}`));
    for (const user of expected.users.filter((name) => !group.includes(name))) {
        findings.push(drift("user", user, "is not in the group docker"));
    }
    for (const name of ["docker.service", "containerd.service", ...expected.units]) {
        const { enabled = "not-found", active = "" } = units[name] ?? {};
        if (enabled !== "enabled") findings.push(drift("unit", name, `does not start at boot (${enabled})`));
        else if (active === "failed") findings.push(drift("unit", name, "has failed"));
    }
    if (engine.failure !== "") return findings;
    for (const { id, name } of expected.networks) {
        const is = survey.networks.find((network) => network.Name === name);
        if (!is) findings.push(drift("network", name, "is missing"));
        else if (id !== "" && is.Id !== id) findings.push(drift("network", name, "was made anew by somebody"));
    }
    for (const name of expected.volumes.filter((volume) => !survey.volumes.includes(volume))) {
        findings.push(drift("volume", name, "is missing, with its data"));
    }
    return findings;
}

/** What needs care soon: disks, certificates, reboots, updates. */
export function careFindings(survey: Survey, stack: string, now = Date.now()): Finding[] {
    const notice = (kind: string, name: string, found: string, remedy: string): Finding => {
        return { level: "notice", kind, name, found, remedy };
    };
    const ssh = `./scripts/ssh -s ${stack}`;
    const findings: Finding[] = [];
    for (const { path, total, free, inodesFree } of survey.disks) {
        const prune = `./scripts/docker -s ${stack} system df`;
        const gib = (free / 1024 ** 3).toFixed(1);
        if (free < total * FREE_SHARE)
            findings.push(notice("disk", path, `has ${gib} GiB free (${percent(free / total)})`, prune));
        else if (inodesFree < FREE_SHARE)
            findings.push(notice("disk", path, `has ${percent(inodesFree)} of its inodes free`, prune));
    }
    for (const { file, pem } of survey.certificates) {
        const until = endOf(pem);
        if (until === undefined) {
            findings.push(notice("certificate", file, "cannot be read", "docs/sites.md: a new one"));
            continue;
        }
        const days = Math.floor((until - now) / 1000 / DAY);
        if (days >= CERTIFICATE_DAYS) continue;
        const found = days < 0 ? `ended ${-days} days ago` : `ends in ${days} days`;
        findings.push(
            notice(
                "certificate",
                file,
                found,
                "docs/sites.md: a new one; with ACME: systemctl status 'berth-certificates-*'",
            ),
        );
    }
    if (survey.reboot.required) {
        const why = survey.reboot.packages.length > 0 ? ` (${survey.reboot.packages.join(", ")})` : "";
        findings.push(notice("reboot", "host", `is required${why}`, `${ssh} sudo systemctl reboot`));
    }
    const { security, listsAge } = survey.updates;
    if (security.length > 0) {
        const names = `${security.slice(0, 5).join(", ")}${security.length > 5 ? " …" : ""}`;
        const found = `${security.length} pending: ${names}`;
        findings.push(notice("updates", "security", found, `${ssh} sudo sh -c 'apt-get update && apt-get upgrade'`));
    }
    if (listsAge === null || listsAge > LISTS_DAYS * DAY) {
        const found = listsAge === null ? "are not there" : `are ${Math.floor(listsAge / DAY)} days old`;
        findings.push(notice("updates", "apt's lists", found, `${ssh} sudo apt-get update`));
    }
    return findings;
}

/** When a certificate ends, in milliseconds; undefined where the text is none. */
function endOf(pem: string): number | undefined {
    try {
        return Date.parse(new X509Certificate(pem).validTo);
    } catch {
        return undefined; // OpenSSL's reason says nothing to a person
    }
}

const firstLine = (text: string) => text.split("\n")[0] ?? "";
const percent = (share: number) => `${Math.floor(share * 100)} %`;

/** As install-docker.sh prints versions: `v2.40.3` is 2.40.3, `26.1.5+dfsg1` is 26.1.5. */
export function plainVersion(version: string): string {
    return version
        .replace(/^v/, "")
        .replace(/[+~].*/, "")
        .replace(/-[0-9.]+$/, "")
        .replace(/[^A-Za-z0-9.-]/g, "");
}
