// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/store/database.h"
#include "core/store/settings_store.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace bwla;

class DatabaseTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsValuesOverSessions() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "a.sqlite";
        {
            Database database(file);
            SettingsStore(database).set("theme", "dark");
            SettingsStore(database).set("theme", "light");
        }
        Database database(file);
        QCOMPARE(SettingsStore(database).get("theme", ""), std::string("light"));
        SettingsStore(database).remove("theme");
        QVERIFY(!SettingsStore(database).get("theme"));
    }

    void transactionRollsBackUnlessCommitted() {
        Database database = Database::inMemory();
        {
            Transaction transaction(database);
            SettingsStore(database).set("a", "1");
        }
        QVERIFY(!SettingsStore(database).get("a"));
        Transaction transaction(database);
        SettingsStore(database).set("a", "1");
        transaction.commit();
        QVERIFY(SettingsStore(database).get("a"));
    }

    void nanIsNull() {
        const Database database = Database::inMemory();
        Statement statement = database.prepare("SELECT ?1, ?2");
        statement.bind(1, std::nan("")).bind(2, 1.5);
        QVERIFY(statement.step());
        QVERIFY(statement.isNull(0));
        QVERIFY(std::isnan(statement.real(0)));
        QCOMPARE(statement.real(1), 1.5);
    }

    void refusesWhatItCannotRead() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "a.sqlite";
        { std::ofstream(file) << std::string(4096, 'x'); }
        QCOMPARE(codeOfOpening(file), ErrorCode::corrupt);
        QCOMPARE(codeOfOpening(file.parent_path() / "none" / "a.sqlite"), ErrorCode::notFound);
    }

    void refusesAFileOfANewerProgram() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "a.sqlite";
        Database(file).execute("PRAGMA user_version = 1000");
        QCOMPARE(codeOfOpening(file), ErrorCode::unsupportedVersion);
    }

private:
    static ErrorCode codeOfOpening(const std::filesystem::path& file) {
        try {
            const Database database(file);
        } catch (const Error& error) {
            return error.code;
        }
        return ErrorCode::backend; // none was thrown: no test expects this one
    }
};

QTEST_GUILESS_MAIN(DatabaseTest)
#include "database_test.moc"
