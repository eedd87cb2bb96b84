// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/model_store.h"

#include <QTest>

using namespace bwla;

class ModelStoreTest : public QObject {
    Q_OBJECT

private slots:
    void remembersWhatWasOpenedAndUsed() {
        Database database = Database::inMemory();
        ModelStore store(database);
        store.open("/models/a");
        store.setUsed("/models/b", 20);
        store.setUsed("/models/a", 10);
        const auto models = store.models();
        QCOMPARE(models.size(), std::size_t{2});
        QCOMPARE(models[0].path, std::string("/models/b")); // last used first
        QVERIFY(!models[0].opened);
        QVERIFY(models[1].opened);
        QCOMPARE(models[1].lastUsed, std::int64_t{10});
        QCOMPARE(store.find("/elsewhere").lastUsed, std::int64_t{0});
    }

    void hiddenModelsComeBackByUndoOrByOpening() {
        Database database = Database::inMemory();
        ModelStore store(database);
        store.setHidden("/models/a", true);
        QVERIFY(store.find("/models/a").hidden);
        store.setHidden("/models/a", false);
        QVERIFY(!store.find("/models/a").hidden);
        store.setHidden("/models/a", true);
        store.open("/models/a");
        QVERIFY(!store.find("/models/a").hidden);
    }

    void foldersAreASet() {
        Database database = Database::inMemory();
        ModelStore store(database);
        store.addFolder("/b");
        store.addFolder("/a");
        store.addFolder("/b");
        QCOMPARE(store.folders(), (std::vector<std::string>{"/a", "/b"}));
        store.removeFolder("/b");
        QCOMPARE(store.folders(), std::vector<std::string>{"/a"});
    }
};

QTEST_GUILESS_MAIN(ModelStoreTest)
#include "model_store_test.moc"
