// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace bwla {

class Database;

/// Applies the migrations that a file has not seen yet, in order, each in a transaction with its
/// number (PRAGMA user_version). A migration is never changed once it was released: add one.
void migrate(Database& database);

} // namespace bwla
