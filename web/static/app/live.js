// The live feed: subscriptions over one websocket, each taken up again where it broke off.
import { csrfToken } from "./session.js";
import { graphql, language, make, say } from "./words.js";

const MOST = 30;
const PERSON = "patient { fullName }";
const FEEDS = {
  abnormalResultArrived: `report { title ${PERSON} laboratory { name } observations(first: 50) {
    edges { node { text unit flag analyte { title } referenceRange { low high } } } } }`,
  appointmentChanged: `appointment { status startsAt ${PERSON} clinic { name }
    practitioner { name specialty { title titleEn } } }`,
  requestStatusChanged: `request { status number answer ${PERSON} organization { name } }`,
  policyStatusChanged: `policy { status kind ${PERSON} insurer { name } }`,
};

/** The events of one session, shown in a list. */
export class Live {
  constructor(list, onState, onEnd) {
    this.list = list;
    this.onState = onState;
    this.onEnd = onEnd;
    this.client = null;
  }

  /** Begin to listen with the present session. */
  start() {
    this.stop();
    this.onState("connecting");
    const client = globalThis.graphqlWs.createClient({
      url: location.origin.replace(/^http/, "ws") + graphql,
      connectionParams: () => ({ csrfToken: csrfToken() }),
      retryAttempts: Infinity,
      shouldRetry: (event) => ![4401, 4403].includes(event?.code),
      on: {
        connected: () => this.client === client && this.onState("listening"),
        closed: (event) => this.client === client && this.closed(event),
      },
    });
    this.client = client;
    for (const [field, selection] of Object.entries(FEEDS)) this.listen(client, field, selection);
  }

  /** Let go of the socket; what was shown stays. */
  stop() {
    const client = this.client;
    this.client = null;
    client?.dispose();
    this.onState("off");
  }

  listen(client, field, selection) {
    const request = {
      query: `subscription ($after: String) { ${field}(after: $after) { cursor at ${selection} } }`,
      variables: {},
    };
    client.subscribe(request, {
      next: ({ data }) => {
        const event = data?.[field];
        if (!event) return;
        request.variables.after = event.cursor; // sent with the next try, should the line break
        this.show(field, event);
      },
      error: () => this.client === client && this.finish(),
      complete: () => {},
    });
  }

  closed(event) {
    if ([4401, 4403].includes(event?.code)) this.finish();
    else this.onState("connecting");
  }

  finish() {
    this.stop();
    this.onEnd();
  }

  show(field, event) {
    const item = SHOWN[field](event);
    item.classList.add("arriving");
    item.prepend(make("time", { datetime: event.at }, clock(event.at)));
    this.list.prepend(item);
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
  }
}

const SHOWN = {
  abnormalResultArrived: ({ report }) => {
    const found = report.observations?.edges.map((edge) => edge.node) ?? [];
    const abnormal = found.filter((seen) => seen.flag && seen.flag !== "NORMAL");
    return entry("alert", say("alert"), report.patient?.fullName, [
      ...abnormal.map(measured),
      [report.title, report.laboratory?.name].filter(Boolean).join(" · "),
    ]);
  },
  appointmentChanged: ({ appointment }) => {
    const { practitioner, clinic } = appointment;
    const specialty = language === "en" ? practitioner?.specialty?.titleEn : practitioner?.specialty?.title;
    const title = `${say("visit")}: ${say(appointment.status)}`;
    return entry("visit", title, appointment.patient?.fullName, [
      moment(appointment.startsAt),
      [practitioner?.name, specialty, clinic?.name].filter(Boolean).join(" · "),
    ]);
  },
  requestStatusChanged: ({ request }) =>
    entry("request", `${say("request")} ${request.number}: ${say(request.status)}`, request.patient?.fullName, [
      request.answer ?? "",
      request.organization?.name ?? "",
    ]),
  policyStatusChanged: ({ policy }) =>
    entry("policy", `${say("policy")}: ${say(policy.status)}`, policy.patient?.fullName, [policy.insurer?.name ?? ""]),
};

function entry(kind, title, who, lines) {
  const item = make("li", { class: kind }, make("strong", {}, title));
  if (who) item.append(make("p", { class: "whose" }, who));
  for (const line of lines.filter(Boolean)) item.append(make("p", {}, line));
  return item;
}

function measured({ analyte, text, unit, flag, referenceRange }) {
  const range = referenceRange && (referenceRange.low ?? referenceRange.high) !== null;
  const line = make("span", { class: "measured" }, `${analyte.title} `, make("b", {}, `${text} ${unit ?? ""}`));
  line.append(` – ${say(flag)}`);
  if (range) line.append(`, ${say("norm", { low: referenceRange.low ?? "…", high: referenceRange.high ?? "…" })}`);
  return line;
}

function clock(at) {
  return new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function moment(at) {
  return new Date(at).toLocaleString(language, { weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
}
