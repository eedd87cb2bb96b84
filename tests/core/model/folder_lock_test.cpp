// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/folder_lock.h"
#include "expect_error.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

#include <optional>

using namespace bwla;

class FolderLockTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

    [[nodiscard]] std::filesystem::path path() const { return folder_.path().toStdString(); }

private slots:
    void oneWriterAtATime() {
        std::optional<FolderLock> first(path());
        EXPECT_ERROR(FolderLock(path()), writeFailed, "another run is writing");
        first.reset();
        const FolderLock second(path());
        QVERIFY(QDir(folder_.path()).isEmpty(QDir::AllEntries | QDir::NoDotAndDotDot));
    }

    void foldersDoNotDisturbEachOther() {
        QVERIFY(QDir(folder_.path()).mkdir("beside"));
        const FolderLock one(path()), other(path() / "beside");
    }

    void aFolderThatIsNotThereIsNamed() {
        EXPECT_ERROR(FolderLock(path() / "gone"), writeFailed, "gone");
    }
};

QTEST_GUILESS_MAIN(FolderLockTest)
#include "folder_lock_test.moc"
