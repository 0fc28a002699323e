import * as fs from "node:fs";
import * as path from "node:path";
import { readSurvey } from "../../scripts/lib/losses";
import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
    server.command("du", 'exec /usr/bin/du "$@"');
    server.command("docker", "exit 1"); // it does not answer
});
afterEach(() => server.remove());

const ANONYMOUS = "5".repeat(64);
const volume = (name: string) => `var/lib/docker/volumes/${name}/_data`;
const survey = () => {
    const { code, stdout, stderr } = server.run("survey-volumes.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return readSurvey(stdout);
};

it("a host without Docker's data has none", () => expect(survey()).toEqual([]));

it("named and other volumes, and folders that containers write to, are there with their sizes, without Docker's help", () => {
    server.write(`${volume("berth-test_db")}/rows`, "x".repeat(5000));
    server.write(`${volume(ANONYMOUS)}/log`, "");
    for (const empty of [volume("a.b-c_d"), volume(`${ANONYMOUS.slice(1)}6`)]) {
        fs.mkdirSync(path.join(server.root, empty, "sub"), { recursive: true });
    }
    server.write("var/lib/docker/volumes/metadata.db", "");
    server.write("var/lib/docker/berth/berth-test/kept/data/file", "abc");
    server.write("var/lib/docker/berth/berth-test/kept/single.conf", "abc");
    server.write("var/lib/docker/berth/berth-test/pinned/x/file", "abc");
    const found = survey() ?? [];
    const bytes = expect.any(Number) as number;
    expect(found).toEqual(
        expect.arrayContaining([
            { what: "volume", name: "berth-test_db", bytes, isEmpty: false },
            { what: "volume", name: ANONYMOUS, bytes, isEmpty: false },
            { what: "volume", name: "a.b-c_d", bytes, isEmpty: true },
            { what: "volume", name: `${ANONYMOUS.slice(1)}6`, bytes, isEmpty: true },
            { what: "folder", name: "/var/lib/docker/berth/berth-test/kept/data", bytes, isEmpty: false },
            { what: "folder", name: "/var/lib/docker/berth/berth-test/kept/single.conf", bytes, isEmpty: false },
        ]),
    );
    expect(found).toHaveLength(6);
    expect(found.find(({ name }) => name === "berth-test_db")?.bytes).toBeGreaterThanOrEqual(5000);
});

it("Docker says where its data is", () => {
    server.command("docker", "echo /data/docker");
    server.write("data/docker/volumes/moved/_data/file", "abc");
    expect(survey()).toEqual([{ what: "volume", name: "moved", bytes: expect.any(Number) as number, isEmpty: false }]);
});

it("settings that do not say it plainly are no reason for an empty list", () => {
    server.write("etc/docker/daemon.json", '{ "data-root":\n "/data/docker" }');
    server.write("data/docker/volumes/moved/_data/file", "abc");
    const { code, stdout } = server.run("survey-volumes.sh");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
});

it("a Docker that does not answer has said in its settings where its data is", () => {
    server.write("etc/docker/daemon.json", '{ "bip": "10.9.0.1/16", "data-root": "/data/docker" }');
    server.write("data/docker/volumes/moved/_data/file", "abc");
    expect(survey()).toMatchObject([{ name: "moved", isEmpty: false }]);
});

it("what cannot be counted has no size, and a folder that cannot be read is not empty", () => {
    server.write(`${volume("berth-test_db")}/rows`, "abc");
    server.command("du", "exit 124");
    fs.rmSync(path.join(server.root, "bin/find"));
    server.command("find", "exit 1");
    expect(survey()).toEqual([{ what: "volume", name: "berth-test_db", isEmpty: false }]);
});

it("a list that breaks off is none", () => {
    expect(readSurvey("volume\tx\t5\tfull\n")).toBeUndefined();
    expect(readSurvey("")).toBeUndefined();
    expect(readSurvey("motd of the server\nvolume\tx\t?\tfull\nend\n")).toEqual([
        { what: "volume", name: "x", isEmpty: false },
    ]);
});
