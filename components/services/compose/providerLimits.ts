import * as net from "node:net";
import type { Report } from "./document";
import type { ServiceSpec } from "./project";

/** What the Docker provider can make, but not say or read back as it is: each refresh would make the container anew. */
export function checkProvider(spec: ServiceSpec, report: Report): void {
    checkWords(spec, report);
    checkNetworking(spec, report);
    if (spec.security_opt.includes("systempaths=unconfined")) {
        report(["security_opt"], "the Docker provider forgets systempaths=unconfined; use privileged: true");
    }
}

function checkWords({ command, entrypoint }: ServiceSpec, report: Report): void {
    if (entrypoint === undefined && command?.includes("")) {
        report(["command"], "the Docker provider takes no empty word; write the entrypoint too, or a shell's command");
    }
    if (entrypoint?.length === 0 && !command?.length) {
        report(["entrypoint"], "without an entrypoint the container wants a command; write command too");
    }
}

function checkNetworking(spec: ServiceSpec, report: Report): void {
    const { extra_hosts, networks } = spec;
    for (const { host, ip } of extra_hosts) {
        if (net.isIPv6(ip)) {
            report(["extra_hosts"], `${host}: the Docker provider cannot say an IPv6 address here; write an IPv4 one`);
        }
    }
    for (const [key, { gw_priority = 0 }] of Object.entries(networks)) {
        if (gw_priority >= 0) continue;
        report(["networks", key, "gw_priority"], "the Docker provider takes 0 or more; raise the other networks'");
    }
}
