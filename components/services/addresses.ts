import * as ipaddr from "ipaddr.js";
import { type Unread, listOf, recordsOf, textOf } from "../readings";
import { userError } from "../userError";

/** What the provider says of a container in the state: nothing of it is certain, one that could not start has null. */
export type ContainerOutputs = Unread<{
    name: string;
    /** `{ label, value }` */
    labels: unknown[];
    /** What it has: `{ networkName, ipAddress }`. */
    networkDatas: unknown[];
    /** What was asked for, `{ name, ipv4Address }`, under the name that the provider's version gives it. */
    networksAdvanced: unknown[];
    networksAdvanceds: unknown[];
}>;

/** Addresses of the stack's containers, as the state has them: by network, then by container. */
export type KnownAddresses = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * @param containers outputs of the containers in the state, by the resource's name
 * @param scope begins the names of those that count
 */
export function knownAddresses(containers: ReadonlyMap<string, ContainerOutputs>, scope: string): KnownAddresses {
    const known = new Map<string, Map<string, string>>();
    for (const [resource, outputs] of containers) {
        const name = textOf(outputs.name);
        if (name === undefined || !resource.startsWith(scope)) continue;
        const asked = [...listOf(outputs.networksAdvanced), ...listOf(outputs.networksAdvanceds)];
        const addresses = [
            ...recordsOf(outputs.networkDatas).map((one) => [one.networkName, one.ipAddress]),
            ...recordsOf(asked).map((one) => [one.name, one.ipv4Address]),
        ].map(([network, address]) => [textOf(network), textOf(address)] as const);
        for (const [network, address] of addresses) {
            if (network === undefined || address === undefined || !ipaddr.IPv4.isValidFourPartDecimal(address))
                continue;
            known.set(network, (known.get(network) ?? new Map<string, string>()).set(name, address));
        }
    }
    return known;
}

/**
 * Gives out the addresses of a network, so that the plan knows them: a container that is there keeps its own, a new one
 * gets the lowest that none has.
 */
export class AddressBook {
    private readonly byContainer: Map<string, string>;

    /**
     * @param subnet IPv4, such as `10.213.7.0/24`; its first address is the engine's
     * @param known addresses by container, of all that are still there
     */
    constructor(
        private readonly subnet: string,
        known: ReadonlyMap<string, string> = new Map(),
    ) {
        const range = ipaddr.IPv4.parseCIDR(subnet);
        this.byContainer = new Map([...known].filter(([, address]) => ipaddr.IPv4.parse(address).match(range)));
    }

    /** @throws userError when all are taken */
    of(container: string): string {
        const address = this.byContainer.get(container) ?? this.free();
        this.byContainer.set(container, address);
        return address;
    }

    private free(): string {
        const taken = new Set(this.byContainer.values());
        const first = toNumber(ipaddr.IPv4.networkAddressFromCIDR(this.subnet)) + 2;
        const end = toNumber(ipaddr.IPv4.broadcastAddressFromCIDR(this.subnet));
        for (let number = first; number < end; number++) {
            const address = toAddress(number);
            if (!taken.has(address)) return address;
        }
        throw userError(`${this.subnet} has no address left; set a wider range: berth:proxy.subnet`);
    }
}

const toNumber = (address: ipaddr.IPv4) => address.toByteArray().reduce((number, byte) => number * 256 + byte, 0);
const toAddress = (number: number) => [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join(".");
