import { DayTwoHost } from "../hosts/dayTwoHost";
import { leftoversTests } from "./dayTwo/leftovers";
import { reachTests } from "./dayTwo/reach";

jest.setTimeout(20 * 60_000);

const host = new DayTwoHost("day2");
beforeAll(() => host.start());
afterAll(() => host.remove());

reachTests(host);
leftoversTests(host);
