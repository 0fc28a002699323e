import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { awsAccount } from "../../components/config";
import { environment, homeFolder, variable } from "../../components/environment";

const root = path.join(__dirname, "../..");
/** What alone may touch the environment: its reader, and a program that is no part of the project's own. */
const READERS = ["components/environment.ts", "lab/toolchain/language-host.js"];

test.each(["XDG_CACHE_HOME", "PULUMI_STACK", "PULUMI_BACKEND_URL", "AWS_REGION", "COMPOSE_PROFILES", "HOME", "PATH"])(
    "%s that is empty counts as unset",
    (name) => {
        expect(variable(name, { [name]: "" })).toBeUndefined();
        expect(variable(name, { [name]: "/a" })).toBe("/a");
        expect(environment({ [name]: "" })[name]).toBe(name === "HOME" ? os.userInfo().homedir : undefined);
    },
);

test("an XDG folder that is relative counts as unset", () => {
    expect(variable("XDG_CACHE_HOME", { XDG_CACHE_HOME: "cache" })).toBeUndefined();
    expect(environment({ XDG_CACHE_HOME: "cache", XDG_SESSION_TYPE: "tty" })).toEqual({
        HOME: os.userInfo().homedir,
        XDG_SESSION_TYPE: "tty",
    });
});

test("an empty passphrase is one, and what Compose files read stays as it is", () => {
    const env = { HOME: "/home/me", PULUMI_CONFIG_PASSPHRASE: "", TAG: "" };
    expect(environment(env)).toEqual(env);
    expect(variable("PULUMI_CONFIG_PASSPHRASE", env)).toBe("");
});

test("without HOME the home folder is the one that the system knows", () => {
    expect(homeFolder({ HOME: "" })).toBe(os.userInfo().homedir);
    expect(homeFolder({})).toBe(os.userInfo().homedir);
    expect(homeFolder({ HOME: "/home/me" })).toBe("/home/me");
});

test("an empty region of the environment is none, so that the next place is asked", () => {
    expect(awsAccount({}, { AWS_REGION: "", AWS_DEFAULT_REGION: "eu-central-1" }).region).toBe("eu-central-1");
    expect(awsAccount({ "aws:region": "" }, { AWS_REGION: "" })).toEqual({ configured: false });
});

test("nothing else reads the environment, or the home folder that an empty HOME breaks", () => {
    const files = ["components", "scripts", "bench", "lab"].flatMap((folder) =>
        fs
            .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
            .filter((file) => /\.(ts|js)$/.test(file) && !file.includes("node_modules"))
            .map((file) => path.join(folder, file)),
    );
    expect(files.length).toBeGreaterThan(100);
    const direct = [...files, "index.ts"].filter((file) => {
        return /process\.env\b|\bhomedir\(/.test(fs.readFileSync(path.join(root, file), "utf8"));
    });
    expect(direct.sort()).toEqual([...READERS].sort());
});
