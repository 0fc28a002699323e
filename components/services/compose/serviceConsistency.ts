import * as ipaddr from "ipaddr.js";
import type { WrittenProject } from "./buildProject";
import type { Report } from "./document";
import { own } from "./own";
import type { ServiceSpec } from "./project";
import { checkProvider } from "./providerLimits";

/** Below this, the engine starts nothing. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/**
 * Checks what a service says of itself: what the engine would refuse in the middle of an update.
 *
 * @param report is told the place in the service
 */
export function checkService(spec: ServiceSpec, { networks }: WrittenProject, report: Report): void {
    checkPorts(spec, report);
    checkScale(spec, report);
    checkTargets(spec, report);
    checkMemory(spec, report);
    checkCpus(spec, report);
    checkAddresses(spec, networks, report);
    checkProvider(spec, report);
}

function checkPorts({ ports, network_mode }: ServiceSpec, report: Report): void {
    if (ports.length > 0 && /^(service|container):/.test(network_mode ?? "")) {
        report(["ports"], "the container whose network it joins has the ports; write them there");
    }
}

function checkScale(spec: ServiceSpec, report: Report): void {
    const { scale } = spec;
    if (scale <= 1) return;
    if (spec.container_name !== undefined) {
        report(["container_name"], `${scale} containers cannot have one name; remove it, or the scale`);
    }
    if (spec.ports.some(({ published }) => published !== undefined)) {
        report(["ports"], `${scale} containers cannot have one port of the host; leave the host's port out`);
    }
    for (const [key, attachment] of Object.entries(spec.networks)) {
        for (const address of ["ipv4_address", "ipv6_address"] as const) {
            if (attachment[address] === undefined) continue;
            report(["networks", key, address], `${scale} containers cannot have one address; remove it, or the scale`);
        }
    }
}

function checkTargets(spec: ServiceSpec, report: Report): void {
    const all = [
        ...spec.mounts.map(({ type, target }) => ({ target, key: type === "tmpfs" ? "tmpfs" : "volumes" })),
        ...spec.files.map(({ section, target }) => ({ target, key: section })),
    ];
    all.forEach(({ target, key }, i) => {
        const first = all.findIndex((other) => other.target === target);
        if (first < i) report([key], `${all[first]?.key} puts something at ${target} too; keep one of them`);
    });
}

function checkMemory({ mem_limit, mem_reservation, memswap_limit }: ServiceSpec, report: Report): void {
    if (mem_limit !== undefined && mem_limit < LEAST_MEMORY) {
        report(["mem_limit"], "too little to start anything; the engine wants 6m at least");
    }
    if (mem_limit !== undefined && mem_reservation !== undefined && mem_reservation > mem_limit) {
        report(["mem_reservation"], "more than mem_limit; write that much at most");
    }
    if (memswap_limit === undefined || memswap_limit === -1) return;
    if (mem_limit === undefined) report(["memswap_limit"], "it counts with mem_limit only; write that too");
    else if (memswap_limit < mem_limit) {
        report(["memswap_limit"], "it is memory and swap together: write mem_limit at least");
    }
}

function checkCpus({ cpus, cpu_period, cpu_quota }: ServiceSpec, report: Report): void {
    const other = cpu_quota !== undefined ? "cpu_quota" : cpu_period !== undefined ? "cpu_period" : undefined;
    if (cpus !== undefined && other !== undefined) report([other], "cpus says the same; keep one of them");
}

/** An address is given in a subnet that somebody has written only. */
function checkAddresses(spec: ServiceSpec, networks: WrittenProject["networks"], report: Report): void {
    for (const [key, attachment] of Object.entries(spec.networks)) {
        const network = own(networks, key);
        if (network?.external) continue;
        const subnets = (network?.ipam?.config ?? []).flatMap(({ subnet }) => subnet ?? []);
        for (const field of ["ipv4_address", "ipv6_address"] as const) {
            const address = attachment[field];
            if (address === undefined || subnets.some((subnet) => holds(subnet, address))) continue;
            const remedy = `write one below networks.${key}: ipam: { config: [{ subnet: … }] }`;
            report(["networks", key, field], `the network ${key} has no subnet with ${address}; ${remedy}`);
        }
    }
}

function holds(subnet: string, address: string): boolean {
    const [range, bits] = ipaddr.parseCIDR(subnet);
    const ip = ipaddr.parse(address);
    return ip.kind() === range.kind() && ip.match(range, bits);
}
