import type { Context, Hono } from 'hono';
import type { CompiledTemplates } from '../lib/compiled-templates.ts';
import { visibleText } from '../lib/visible-text.ts';
import { allNodes, isSingle, type PageRequest, requestOf } from '../render/page-request.ts';
import { renderJobText } from '../render/text/job-text.ts';
import { renderNodeText } from '../render/text/nodes-text.ts';
import { renderUserText } from '../render/text/user-text.ts';
import { isMeantKey } from '../report/job-words.ts';
import type { Buttons } from './buttons.ts';
import type { WebDependencies } from './dependencies.ts';
import { askedOf } from './list-routes.ts';
import type { LiveFeed, LiveFeedOptions } from './live/feed.ts';
import { hasRecord } from './past-records.ts';
import { messagePage, unknownNode, unknownOne } from './replies.ts';
import { wantsText } from './request.ts';
import { withAges } from './row-json.ts';
import { textFor } from './text-answers.ts';
import type { Watching } from './watching.ts';

export interface AppDependencies extends WebDependencies {
  /** The compiled design; another object means a changed design, and all pages reload. */
  templates(): CompiledTemplates;
  /** The folder behind `/static/`. */
  staticDir: string;
  live?: LiveFeedOptions;
}

/** Everything that a handler needs. */
export interface WebRooms {
  dependencies: AppDependencies;
  feed: LiveFeed;
  watching: Watching;
  buttons: Buttons;
}

/** Page and terminal text. */
export function addPageRoutes(app: Hono, { dependencies, feed, watching }: WebRooms): void {
  const { cluster } = dependencies;
  const vary = (context: Context) => context.header('Vary', 'Accept, User-Agent');

  const show = async (context: Context, request: PageRequest) => {
    const now = feed.renderPage(request);
    const page =
      now ?? ((await hasRecord(dependencies.ledger, request)) ? feed.renderPage(request, true) : null);
    return page === null
      ? context.html(messagePage('Not found', unknownOne(request)), 404)
      : context.html(page);
  };

  for (const path of ['/', '/gpus.html', '/gpus', '/jobs', '/users']) {
    app.get(path, async (context) => {
      vary(context);
      watching.glance(null);
      const request = requestOf(context.req.url) ?? allNodes;
      if (!wantsText(context.req) || isSingle(request.view)) return show(context, request);
      const { status, text } = textFor(request.view, cluster, askedOf(context));
      return context.text(text, status);
    });
  }

  app.get('/nodes/:name', async (context) => {
    vary(context);
    const name = context.req.param('name');
    cluster.catchUp(name);
    const node = cluster.node(name)?.report;
    if (node) watching.glance(name);
    if (!wantsText(context.req)) return show(context, { ...allNodes, view: 'node', only: name });
    const [aged] = withAges(cluster, node ? [node] : []);
    return aged
      ? context.text(renderNodeText(aged))
      : context.text(`${visibleText(unknownNode(name))}\n`, 404);
  });

  app.get('/jobs/:key', async (context) => {
    vary(context);
    watching.glance(null);
    const request: PageRequest = { ...allNodes, view: 'job', only: context.req.param('key') };
    if (!wantsText(context.req)) return show(context, request);
    cluster.catchUp();
    const asked = context.req.param('key');
    const jobs = cluster.currentRows().jobs.filter(({ key }) => isMeantKey(asked, key));
    return jobs.length > 0
      ? context.text(renderJobText(withAges(cluster, jobs), (name) => cluster.node(name)?.report))
      : context.text(`${visibleText(unknownOne(request))}\n`, 404);
  });

  app.get('/users/:name', async (context) => {
    vary(context);
    watching.glance(null);
    const name = context.req.param('name');
    const request: PageRequest = { ...allNodes, view: 'user', only: name };
    if (!wantsText(context.req)) return show(context, request);
    cluster.catchUp();
    const { users, jobs } = cluster.currentRows();
    const own = jobs.filter(({ user }) => user === name);
    const held = users.filter(({ user }) => user === name);
    return own.length + held.length > 0
      ? context.text(renderUserText(withAges(cluster, held), withAges(cluster, own)))
      : context.text(`${visibleText(unknownOne(request))}\n`, 404);
  });
}
