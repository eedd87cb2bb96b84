// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// What the list of models remembers of one. Everything else is read from its files again.
struct RememberedModel {
    std::string path;
    bool opened = false;       ///< named by the user: listed wherever it lies
    bool hidden = false;       ///< removed from the list; its files stay
    std::int64_t lastUsed = 0; ///< seconds since 1970, 0 = never
};

/// Models that were used or removed, and the folders to look for models in.
class ModelStore {
public:
    explicit ModelStore(Database& database) : database_(database) {}

    [[nodiscard]] std::vector<RememberedModel> models() const; ///< last used first
    /// Defaults for a path that is not remembered.
    [[nodiscard]] RememberedModel find(const std::string& path) const;
    /// Named by the user: on the list from now on, also if it was removed before.
    void open(const std::string& path);
    void setUsed(const std::string& path, std::int64_t when = unixNow());
    void setHidden(const std::string& path, bool hidden);

    [[nodiscard]] std::vector<std::string> folders() const;
    void addFolder(const std::string& path);
    void removeFolder(const std::string& path);

private:
    Database& database_;
};

} // namespace bwla
