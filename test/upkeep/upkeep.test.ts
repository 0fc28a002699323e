import { DayTwoHost } from "../hosts/dayTwoHost";
import { doctorTests } from "./doctor";
import { driftTests } from "./drift";
import { pruneTests } from "./prune";
import { rotationTests } from "./rotation";
import { volumeTests } from "./volume";

jest.setTimeout(20 * 60_000);

const host = new DayTwoHost("upkeep");
beforeAll(() => host.start());
afterAll(() => host.remove());

driftTests(host);
pruneTests(host);
volumeTests(host);
rotationTests(host);
doctorTests(host);
