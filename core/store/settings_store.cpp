// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/settings_store.h"

namespace bwla {

std::optional<std::string> SettingsStore::get(std::string_view key) const {
    Statement statement = database_.prepare("SELECT value FROM settings WHERE key = ?1");
    statement.bind(1, key);
    if (!statement.step())
        return std::nullopt;
    return statement.text(0);
}

std::string SettingsStore::get(std::string_view key, std::string_view otherwise) const {
    return get(key).value_or(std::string(otherwise));
}

void SettingsStore::set(std::string_view key, std::string_view value) {
    database_.prepare("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2")
        .bind(1, key)
        .bind(2, value)
        .run();
}

void SettingsStore::remove(std::string_view key) {
    database_.prepare("DELETE FROM settings WHERE key = ?1").bind(1, key).run();
}

} // namespace bwla
