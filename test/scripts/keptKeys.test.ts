import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { NamedHost } from "../../scripts/lib/hosts";
import { KeptKeys } from "../../scripts/lib/leftovers/keptKeys";

const name = randomBytes(8).toString("hex");
const file = path.join(os.homedir(), ".berth/ssh", name);
const written = `\${HOME}/.berth/ssh/${name}`;
beforeEach(() => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, "the key\n", { mode: 0o600 });
});
afterEach(() => fs.rmSync(file, { force: true }));

const server = (...options: string[]): NamedHost => ({ name: "host", user: "me", address: "a", port: 22, options });
const [identity, proxy] = [`IdentityFile=${written}`, `ProxyCommand=ssh -o 'IdentityFile=${written}' -W x`];

it("a server is reached by copies of the stack's keys when these are gone, also through a jump host", () => {
    const keys = new KeptKeys("kept-test", [server(identity, proxy, "Port=1")]);
    fs.rmSync(file);
    const options = keys.servers[0]?.options ?? [];
    const copies = options.slice(0, 2).map((option) => /IdentityFile=([^' ]+)/.exec(option)?.[1] ?? "");
    for (const copy of copies) {
        expect(fs.readFileSync(copy, "utf8")).toBe("the key\n");
        expect(fs.statSync(copy).mode & 0o777).toBe(0o600);
    }
    expect(options[2]).toBe("Port=1");
    keys.remove();
    expect(copies.map((copy) => fs.existsSync(copy))).toEqual([false, false]);
});

it("a key of the person's own, and one that is not here, stay what they are", () => {
    fs.rmSync(file);
    const own = "IdentityFile=/home/me/.ssh/id_ed25519";
    const keys = new KeptKeys("kept-test", [server(own, identity)]);
    expect(keys.servers[0]?.options).toEqual([own, identity]);
    keys.remove();
});
