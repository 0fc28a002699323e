import * as ipaddr from "ipaddr.js";

/** Prefixes shorter than these are no office and no provider, but the internet. */
const WIDEST = { ipv4: 8, ipv6: 16 };

/** The whole internet, as security groups write it. */
export const EVERYONE = { ipv4: "0.0.0.0/0", ipv6: "::/0" };

/**
 * Reads an address range.
 *
 * @returns undefined, or a sentence that says what is wrong and what to write
 */
export function cidrMistake(text: string): string | undefined {
    const example = `write an address and the length of its prefix, such as "203.0.113.4/32"`;
    if (ipaddr.isValid(text) && !text.includes("/") && /^[\d.]+$|:/.test(text))
        return `the prefix is missing; write "${text}/${hostBits(text)}"`;
    const [written = ""] = text.split("/");
    // 010.0.0.1 and 1/8 are octal and short forms, which nobody means.
    const isOdd = !written.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(written);
    if (isOdd || !ipaddr.isValidCIDR(text)) return `not an address range; ${example}`;
    const [, bits = ""] = text.split("/");
    const network =
        ipaddr.parse(text.split("/")[0] ?? "").kind() === "ipv4"
            ? ipaddr.IPv4.networkAddressFromCIDR(text)
            : ipaddr.IPv6.networkAddressFromCIDR(text);
    const canonical = `${network.toString()}/${Number(bits)}`;
    return canonical === text ? undefined : `the range that holds it is written "${canonical}"`;
}

const hostBits = (address: string) => (ipaddr.parse(address).kind() === "ipv4" ? 32 : 128);

/** Whether a range is so wide that it means "everybody". */
export function isTooWide(range: string): boolean {
    if (!ipaddr.isValidCIDR(range)) return false; // the schema says what it is
    const [address, bits] = ipaddr.parseCIDR(range);
    return bits < WIDEST[address.kind()];
}

export const isIpv6Range = (range: string): boolean => range.includes(":");
