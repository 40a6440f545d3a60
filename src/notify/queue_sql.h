/* notify/queue_sql.h — the queue's inside, shared by queue.c and queue_rows.c. */
#pragma once
#include <sqlite3.h>

#include "notify/queue.h"

enum note_sql {
  SQL_BEGIN,
  SQL_COMMIT,
  SQL_ROLLBACK,
  SQL_META_GET,
  SQL_META_PUT,
  SQL_STORY_GET,
  SQL_STORY_PUT,
  SQL_STORY_DROP,
  SQL_STORY_DUE,
  SQL_ITEM_ADD,
  SQL_TASK_ADD,
  SQL_PEOPLE,
  SQL_TASK_NEXT,
  SQL_TASK_HEADS,
  SQL_TASK_MARK,
  SQL_LATER_PUT,
  SQL_LATER_DUE,
  SQL_LATER_NEXT,
  SQL_LATER_DROP,
  SQL_LATER_TOLD,
  SQL_COUNT,
  SQL_PURGE_ITEM,
  SQL_PURGE_TASK,
  SQL_PURGE_STORY,
  SQL_FORGET_TASK,
  SQL_FORGET_LATER,
  SQL_FORGET_STORY,
  SQL_SUB_PUT,
  SQL_SUB_DROP,
  SQL_SUB_NEXT,
  SQL_ITEM_GET,
  SQL_DELIVERY_ADD,
  SQL_DELIVERY_NEXT,
  SQL_DELIVERY_DROP,
  SQL_COUNT_
};
struct note_queue {
  sqlite3 *db;
  sqlite3_stmt *st[SQL_COUNT_];
  bool open; /* a transaction */
  char dir[512];
};
prac_rc note_sql_fail(struct note_queue *q, struct prac_err *reterr, const char *doing);
/* A statement ready for binding; writes begin a transaction. NULL: *reterr says why. */
sqlite3_stmt *note_sql_use(struct note_queue *q, enum note_sql what, bool write,
                           struct prac_err *reterr);
/* Runs it to its end. */
prac_rc note_sql_run(struct note_queue *q, sqlite3_stmt *s, const char *doing,
                     struct prac_err *reterr);
