import { homeFolder } from "../../components/environment";
import { type SshTarget, sshOptions } from "../../components/host/sshOptions";
import type { NamedHost } from "./hosts";
import { UserError } from "./progress";
import type { StackFile } from "./stack";

/**
 * The server of a stack of kind `existing`, as its file says: it is there before the stack, and after.
 *
 * @throws UserError where the file does not say enough
 */
export function serverOf(file: Pick<StackFile, "get">): NamedHost {
    const get = (key: string) => file.get("berth:host", key);
    const [address, hostKey, key, proxy] = [get("address"), get("hostKey"), get("privateKeyFile"), get("proxy")];
    if (typeof address !== "string" || typeof hostKey !== "string" || typeof key !== "string") {
        throw new UserError("a server is looked at by its address, hostKey and privateKeyFile");
    }
    const user = get("user");
    return {
        name: "host",
        user: typeof user === "string" ? user : "root",
        address,
        port: Number(get("port") ?? 22),
        options: sshOptions({
            identityFile: expanded(key),
            hostKey,
            ...(isMap(proxy) && { proxy: jumpOf(proxy, key) }),
        }),
    };
}

const expanded = (file: string) => file.replace(/^~(?=\/)/, homeFolder());
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** @param key the file of the host behind it, which is the default of its own */
function jumpOf(proxy: Record<string, unknown>, key: string): NonNullable<SshTarget["proxy"]> {
    const { host, port = 22, user, hostKey, privateKeyFile = key } = proxy;
    if (![host, user, hostKey, privateKeyFile].every((value) => typeof value === "string")) {
        throw new UserError("a jump host is looked at by its host, user and hostKey: berth:host.proxy");
    }
    return {
        host: String(host),
        port: Number(port),
        user: String(user),
        hostKey: String(hostKey),
        identityFile: expanded(String(privateKeyFile)),
    };
}
