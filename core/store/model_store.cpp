// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/model_store.h"

namespace bwla {
namespace {

RememberedModel read(const Statement& row) {
    return {row.text(0), row.integer(1) != 0, row.integer(2) != 0, row.integer(3)};
}

} // namespace

std::vector<RememberedModel> ModelStore::models() const {
    std::vector<RememberedModel> models;
    Statement query = database_.prepare(
        "SELECT path, opened, hidden, last_used FROM models ORDER BY last_used DESC, path");
    while (query.step())
        models.push_back(read(query));
    return models;
}

RememberedModel ModelStore::find(const std::string& path) const {
    Statement query =
        database_.prepare("SELECT path, opened, hidden, last_used FROM models WHERE path = ?1");
    query.bind(1, path);
    return query.step() ? read(query) : RememberedModel{.path = path};
}

void ModelStore::open(const std::string& path) {
    database_
        .prepare("INSERT INTO models (path, opened) VALUES (?1, 1) "
                 "ON CONFLICT DO UPDATE SET opened = 1, hidden = 0")
        .bind(1, path)
        .run();
}

void ModelStore::setUsed(const std::string& path, std::int64_t when) {
    database_
        .prepare("INSERT INTO models (path, last_used) VALUES (?1, ?2) "
                 "ON CONFLICT DO UPDATE SET last_used = ?2")
        .bind(1, path)
        .bind(2, when)
        .run();
}

void ModelStore::setHidden(const std::string& path, bool hidden) {
    database_
        .prepare("INSERT INTO models (path, hidden) VALUES (?1, ?2) "
                 "ON CONFLICT DO UPDATE SET hidden = ?2")
        .bind(1, path)
        .bind(2, static_cast<std::int64_t>(hidden))
        .run();
}

std::vector<std::string> ModelStore::folders() const {
    std::vector<std::string> folders;
    Statement query = database_.prepare("SELECT path FROM model_folders ORDER BY path");
    while (query.step())
        folders.push_back(query.text(0));
    return folders;
}

void ModelStore::addFolder(const std::string& path) {
    database_.prepare("INSERT OR IGNORE INTO model_folders VALUES (?1)").bind(1, path).run();
}

void ModelStore::removeFolder(const std::string& path) {
    database_.prepare("DELETE FROM model_folders WHERE path = ?1").bind(1, path).run();
}

} // namespace bwla
