// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/failure_log.h"

#include "core/store/database.h"

#include <QDateTime>
#include <QFile>

namespace bwla::ui {
namespace {

constexpr qint64 largest = 1'000'000; ///< bytes

} // namespace

QString failureLog() {
    return QString::fromStdString(storeFile().replace_extension(".log").string());
}

void logFailure(const QString& sentence) {
    const QString name = failureLog();
    QFile file(name);
    if (file.size() > largest) {
        QFile::remove(name + ".old");
        QFile::rename(name, name + ".old");
    }
    if (file.open(QIODevice::Append | QIODevice::Text))
        file.write((QDateTime::currentDateTime().toString(Qt::ISODate) + "  " +
                    sentence.simplified() + '\n')
                       .toUtf8());
}

} // namespace bwla::ui
