// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/database.h"

#include "core/error.h"
#include "core/store/schema.h"

#include <sqlite3.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

namespace bwla {
namespace {

/// Writers of two processes (window and command line) take turns.
constexpr int busyMilliseconds = 5000;

[[noreturn]] void fail(sqlite3* connection) {
    const char* name = sqlite3_db_filename(connection, "main");
    const std::string file = name != nullptr ? name : "";
    const std::string reason = sqlite3_errmsg(connection);
    switch (sqlite3_errcode(connection) & 0xff) {
    case SQLITE_FULL:
        throw Error(ErrorCode::diskFull).in(file).because("try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        throw Error(ErrorCode::corrupt).in(file).because(reason);
    case SQLITE_CANTOPEN:
        throw Error(ErrorCode::notFound).in(file).because(reason);
    default:
        throw Error(ErrorCode::writeFailed).in(file).because(reason);
    }
}

void check(sqlite3_stmt* statement, int code) {
    if (code != SQLITE_OK)
        fail(sqlite3_db_handle(statement));
}

} // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &statement,
                           nullptr) != SQLITE_OK)
        fail(connection);
    statement_.reset(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    check(statement_.get(), sqlite3_bind_int64(statement_.get(), parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, double value) {
    if (!std::isfinite(value))
        return bindNull(parameter);
    check(statement_.get(), sqlite3_bind_double(statement_.get(), parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
    check(statement_.get(), sqlite3_bind_text64(statement_.get(), parameter, text.data(),
                                                text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(int parameter, std::span<const std::byte> blob) {
    check(statement_.get(), sqlite3_bind_blob64(statement_.get(), parameter, blob.data(),
                                                blob.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bindNull(int parameter) {
    check(statement_.get(), sqlite3_bind_null(statement_.get(), parameter));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        fail(sqlite3_db_handle(statement_.get()));
    return false;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

bool Statement::isNull(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
    return isNull(column) ? std::nan("") : sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return text == nullptr ? std::string()
                           : std::string(text, static_cast<std::size_t>(
                                                   sqlite3_column_bytes(statement_.get(), column)));
}

std::vector<std::byte> Statement::blob(int column) const {
    const auto* bytes =
        static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::vector<std::byte>()
                            : std::vector<std::byte>(bytes, bytes + size);
}

void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}

Database::Database(const std::filesystem::path& file) : file_(file) {
    sqlite3* connection = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &connection,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    connection_.reset(connection);
    if (code != SQLITE_OK)
        throw Error(ErrorCode::notFound)
            .in(file.string())
            .because(connection != nullptr ? sqlite3_errmsg(connection) : "out of memory");
    sqlite3_busy_timeout(connection, busyMilliseconds);
    sqlite3_extended_result_codes(connection, 1);
    execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    migrate(*this);
}

Database Database::inMemory() {
    return Database(":memory:");
}

void Database::execute(const std::string& sql) {
    if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail(connection_.get());
}

Statement Database::prepare(std::string_view sql) const {
    return {connection_.get(), sql};
}

std::int64_t Database::lastInsertId() const {
    return sqlite3_last_insert_rowid(connection_.get());
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (!open_)
        return;
    try {
        database_.execute("ROLLBACK");
    } catch (const Error&) { // SQLite rolled back already, or will when the file is opened again
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

std::filesystem::path dataFolder() {
    const char* data = std::getenv("XDG_DATA_HOME");
    const char* home = std::getenv("HOME");
    std::filesystem::path folder =
        data != nullptr && *data != '\0'
            ? std::filesystem::path(data)
            : std::filesystem::path(home != nullptr ? home : ".") / ".local/share";
    folder /= "bwla-studio";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(ErrorCode::writeFailed).in(folder.string()).because(error.message());
    return folder;
}

std::filesystem::path storeFile() {
    const char* chosen = std::getenv("BWLA_STORE");
    return chosen != nullptr && *chosen != '\0' ? std::filesystem::path(chosen)
                                                : dataFolder() / "studio.sqlite";
}

std::int64_t unixNow() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace bwla
