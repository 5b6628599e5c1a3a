/**
 * What the schedules of one run tell each other, each of them in an event loop of its own. All of it
 * can be cloned. Times are on the clock that the event loops have in common.
 *
 * @module
 */
import type { ErrorKind } from "../result.ts";

/** The state of a circuit breaker. */
export interface BreakerState {
  /** The milliseconds before its next probe; 0 if it is closed. */
  readonly waitMs: number;
  readonly probeAtMs: number;
  /** The number of its last change. */
  readonly turn: number;
}

/** How a request failed while its host was paused. */
export interface LastFailure {
  readonly error: ErrorKind;
  readonly cause: string;
}

/** What changed for one host. */
export interface HostNews {
  readonly about: "host";
  readonly change: "opened" | "failed" | "hastened" | "closed" | "given up";
  readonly key: string;
  readonly name: string;
  readonly breaker: BreakerState;
  /** When the host is given up; undefined while no other host has succeeded. */
  readonly giveUpAtMs: number | undefined;
  /** Whether a request to it has failed since another host succeeded. */
  readonly hasFailedSince: boolean;
  readonly last: LastFailure | undefined;
}

/** A host has asked to be left alone. */
export interface HoldNews {
  readonly about: "hold";
  readonly key: string;
  readonly name: string;
  /** Nothing starts before this time. */
  readonly readyAtMs: number;
}

/** What changed for all hosts. */
export interface NetworkNews {
  readonly about: "network";
  readonly change: "opened" | "failed" | "closed";
  readonly breaker: BreakerState;
}

/** The first requests of the run failed, all of them at the same place. */
export interface UnreachableNews {
  readonly about: "first requests";
  /** Where they failed, and how, in words. */
  readonly name: string;
  readonly cause: string;
  /** Whether all other hosts are behind that place. */
  readonly hasNoWay: boolean;
}

/** A time to start that an event loop cannot use. */
interface SlotNews {
  readonly about: "slot";
}

/** What the schedules of one run tell each other. */
export type News = HostNews | HoldNews | NetworkNews | UnreachableNews | SlotNews;

/** The same news with times on another clock. */
export function shiftNews(news: News, ms: number): News {
  if (news.about === "hold") return { ...news, readyAtMs: news.readyAtMs + ms };
  if (news.about !== "host" && news.about !== "network") return news;
  const breaker = { ...news.breaker, probeAtMs: news.breaker.probeAtMs + ms };
  if (news.about === "network") return { ...news, breaker };
  const { giveUpAtMs } = news;
  return {
    ...news,
    breaker,
    giveUpAtMs: giveUpAtMs === undefined ? undefined : giveUpAtMs + ms,
  };
}
