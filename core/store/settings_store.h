// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/database.h"

#include <optional>
#include <string>
#include <string_view>

namespace bwla {

/// Small named values that outlive a session: theme, window, folders.
class SettingsStore {
public:
    explicit SettingsStore(Database& database) : database_(database) {}
    [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
    [[nodiscard]] std::string get(std::string_view key, std::string_view otherwise) const;
    void set(std::string_view key, std::string_view value);
    void remove(std::string_view key);

private:
    Database& database_;
};

} // namespace bwla
