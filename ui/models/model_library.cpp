// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_library.h"

#include "core/error.h"
#include "core/job/job.h"
#include "ui/widgets/numbers.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>

namespace bwla::ui {
namespace {

ModelRow rowOf(ModelSummary summary, qint64 lastUsed) {
    ModelRow row{.path = QString::fromStdString(summary.path), .lastUsed = lastUsed};
    row.state = ModelState::ready;
    if (summary.tokenizerError) {
        row.state = ModelState::noTokenizer;
        row.problem = errorText(*summary.tokenizerError);
    }
    row.summary = std::make_shared<const ModelSummary>(std::move(summary));
    return row;
}

/// What opening a model gave, as a row. Runs on a worker.
ModelRow checkedRow(const QString& path, qint64 lastUsed) {
    ModelRow row{.path = path, .state = ModelState::failed, .lastUsed = lastUsed};
    try {
        return rowOf(summarizeModel(path.toStdString()), lastUsed);
    } catch (const Error& error) {
        row.problem = errorText(error);
    } catch (const std::exception& error) {
        row.problem = QString::fromUtf8(error.what());
    }
    return row;
}

bool holdsModels(const QString& folder) {
    return QFileInfo(folder).isDir() && !QFileInfo::exists(folder + "/config.json");
}

} // namespace

ModelLibrary::ModelLibrary(Services& services, QObject* parent)
    : QObject(parent), services_(services), store_(services.store) {
    for (const RememberedModel& model : store_.models())
        if (model.opened && !model.hidden)
            list_.put({.path = QString::fromStdString(model.path), .lastUsed = model.lastUsed});
}

QStringList ModelLibrary::folders() const {
    QStringList folders{QString::fromStdString((dataFolder() / "models").string())};
    if (const auto cache = huggingFaceCache(); !cache.empty())
        folders << QString::fromStdString(cache.string());
    for (const std::string& folder : store_.folders())
        folders << QString::fromStdString(folder);
    folders.removeDuplicates();
    folders.removeIf([](const QString& folder) { return !QFileInfo::exists(folder); });
    return folders;
}

bool ModelLibrary::untouched() const {
    const auto models = store_.models();
    return std::ranges::none_of(
        models, [](const RememberedModel& m) { return m.opened || m.lastUsed != 0; });
}

void ModelLibrary::open(const QString& given) {
    QString path = QFileInfo(given).absoluteFilePath();
    if (QFileInfo(path).fileName() == "config.json")
        path = QFileInfo(path).absolutePath();
    if (holdsModels(path))
        return addFolder(path);
    services_.keep([&] {
        store_.open(path.toStdString());
        store_.setUsed(path.toStdString());
    });
    check(path);
    Q_EMIT opened(path);
}

void ModelLibrary::addFolder(const QString& path) {
    services_.keep([&] { store_.addFolder(QFileInfo(path).absoluteFilePath().toStdString()); });
    rescan();
}

void ModelLibrary::check(const QString& path) {
    const qint64 used = store_.find(path.toStdString()).lastUsed;
    list_.put({.path = path, .lastUsed = used});
    opener_.post([this, path, used](const std::stop_token&) {
        const ModelRow row = checkedRow(path, used);
        return std::function<void()>([this, row] {
            list_.put(row);
            Q_EMIT checked(row.path);
        });
    });
}

void ModelLibrary::rescan() {
    scanner_.cancel();
    refused_.clear();
    scanning_ = true;
    Q_EMIT scanChanged();
    for (const RememberedModel& model : store_.models())
        if (model.opened && !model.hidden)
            check(QString::fromStdString(model.path));
    scanner_.post([this, roots = folders()](const std::stop_token& stop) {
        auto seen = std::make_shared<QStringList>();
        const auto here = [this](auto action) {
            QMetaObject::invokeMethod(&scanner_, std::move(action), Qt::QueuedConnection);
        };
        const ScanListener listener{
            [&](ModelSummary summary) {
                *seen << QString::fromStdString(summary.path);
                here([this, summary = std::move(summary)]() mutable { found(std::move(summary)); });
            },
            [&](const NotListed& refused) {
                here([this, refused = Refused{QString::fromStdString(refused.path),
                                              errorText(refused.error)}] { refused_ << refused; });
            }};
        try {
            for (const QString& root : roots)
                scanFolder(root.toStdString(), listener, stop);
        } catch (const Cancelled&) {
            return std::function<void()>(); // the next scan has begun
        }
        return std::function<void()>([this, seen] { finishScan(*seen); });
    });
}

void ModelLibrary::found(ModelSummary summary) {
    const QString path = QString::fromStdString(summary.path);
    if (store_.find(path.toStdString()).hidden)
        return;
    list_.put(rowOf(std::move(summary), store_.find(path.toStdString()).lastUsed));
    Q_EMIT checked(path);
}

/// Rows that no longer have files go; what the user named stays, with its error.
void ModelLibrary::finishScan(const QStringList& seen) {
    QStringList named;
    for (const RememberedModel& model : store_.models())
        if (model.opened && !model.hidden)
            named << QString::fromStdString(model.path);
    for (const QString& path : list_.paths())
        if (!seen.contains(path) && !named.contains(path))
            list_.remove(path);
    scanning_ = false;
    Q_EMIT scanChanged();
}

void ModelLibrary::setUsed(const QString& path) {
    services_.keep([&] { store_.setUsed(path.toStdString()); });
    list_.setUsed(path, unixNow());
}

bool ModelLibrary::remove(QString path) {
    if (!services_.keep([&] { store_.setHidden(path.toStdString(), true); }))
        return false;
    list_.remove(path);
    removed_ = std::move(path);
    return true;
}

void ModelLibrary::undoRemove() {
    if (removed_.isEmpty() ||
        !services_.keep([&] { store_.setHidden(removed_.toStdString(), false); }))
        return;
    check(removed_);
    Q_EMIT opened(removed_);
    removed_.clear();
}

} // namespace bwla::ui
