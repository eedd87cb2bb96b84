// SPDX-License-Identifier: GPL-3.0-or-later
//
// SQLite behind two small classes. A connection belongs to one thread; several connections to one
// file are fine (WAL mode: readers never wait for the writer).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace bwla {

/// One prepared statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
public:
    Statement(sqlite3* connection, std::string_view sql);

    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, double value); ///< NaN and infinity become NULL
    Statement& bind(int parameter, std::string_view text);
    Statement& bind(int parameter, std::span<const std::byte> blob);
    Statement& bindNull(int parameter);

    /// The next row; false at the end. Throws Error{diskFull, writeFailed, corrupt}.
    bool step();
    /// Runs to the end and makes the statement ready to be bound again.
    void run();
    void reset();

    [[nodiscard]] bool isNull(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const; ///< NaN for NULL
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::vector<std::byte> blob(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    /// Opens or makes the file, in WAL mode, and brings its schema up to date. Throws
    /// Error{notFound, writeFailed, corrupt}; Error{unsupportedVersion} for a file of a newer
    /// program.
    explicit Database(const std::filesystem::path& file);
    /// A database in memory, for tests.
    static Database inMemory();

    Database(Database&&) noexcept = default;
    Database& operator=(Database&&) noexcept = default;

    void execute(const std::string& sql);
    [[nodiscard]] Statement prepare(std::string_view sql) const;
    [[nodiscard]] std::int64_t lastInsertId() const;
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> connection_;
};

/// All or nothing: rolled back unless commit() was reached.
class Transaction {
public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& database_;
    bool open_ = true;
};

/// $XDG_DATA_HOME/bwla-studio or ~/.local/share/bwla-studio; made if it is missing.
[[nodiscard]] std::filesystem::path dataFolder();

/// The one file of runs, chats and settings: $BWLA_STORE, else dataFolder()/studio.sqlite.
[[nodiscard]] std::filesystem::path storeFile();

/// Seconds since 1970.
[[nodiscard]] std::int64_t unixNow();

} // namespace bwla
