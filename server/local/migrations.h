// Brings a ledger's schema to the present version.
#pragma once

#include "core/base/result.h"
#include "server/local/sqlite_db.h"

namespace smelt::local {

// Applies what is missing after the file's `user_version`, all in one transaction. kConfigInvalid
// when the file was written by a newer daemon.
Status Migrate(SqliteDb& db);

}  // namespace smelt::local
