import * as fs from "node:fs";
import * as path from "node:path";
import { commandWithin, hostCommand, printableCommand } from "../../components/remote";
import { whenLetIn } from "../../components/remote/jumpHost";
import { inputsOf, registered, reset, settle, takeHooks } from "./mocks";

const components = path.resolve(__dirname, "../../components");

it("every command on a host is made in one place", () => {
    const files = fs
        .readdirSync(components, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && fs.readFileSync(path.join(components, file), "utf8").length > 0);
    const makers = files.filter((file) =>
        /\bremote\.Command\(/.test(fs.readFileSync(path.join(components, file), "utf8")),
    );
    expect(makers).toEqual(["remote/hostCommand.ts"]);
    const index = fs.readFileSync(path.resolve(components, "../index.ts"), "utf8");
    expect(index).not.toContain("@pulumi/command");
});

it("create, update and delete are made printable, and what is not there stays so", async () => {
    reset();
    hostCommand("all", { connection: { host: "h" }, create: "a b", update: "c", delete: "echo 'd'" }, {});
    hostCommand("one", { connection: { host: "h" }, delete: "e", stdin: "s", triggers: [1] }, {});
    await settle();
    expect(inputsOf("all")).toMatchObject({ create: "a b", update: "c", delete: "echo 'd'" });
    const asked = registered().find(({ name }) => name === "all");
    expect(asked?.inputs).toMatchObject({ create: printableCommand("a b"), addPreviousOutputInEnv: false });
    const { connection, ...rest } = inputsOf("one");
    expect(connection).toBeDefined();
    expect(rest).toEqual({ delete: "e", stdin: "s", triggers: [1], addPreviousOutputInEnv: false });
});

it("only a command behind a jump host waits until it is let in", () => {
    takeHooks();
    expect(whenLetIn("a", { host: "h" })).toBeUndefined();
    expect(whenLetIn("b", { host: "h", proxy: undefined })).toBeUndefined();
    const hooks = whenLetIn("c", { host: "h", proxy: { host: "jump" } });
    expect([hooks?.beforeCreate?.length, hooks?.beforeUpdate?.length]).toEqual([1, 1]);
});

it("an error that repeats the beginning says which command it was", () => {
    expect(printableCommand("sudo -n bash -s -- a")).toMatch(
        /^bash --norc -c 'eval "\$2"' berth 'sudo -n bash -s -- a' /,
    );
});

it.each(["true", "echo 'a b'", "x='\\''", "a\nb"])("the command %j is found again in its printable form", (command) => {
    expect(commandWithin(printableCommand(command))).toBe(command);
    expect(commandWithin(command)).toBe(command);
});
