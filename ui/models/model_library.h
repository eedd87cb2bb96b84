// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/folder_scan.h"
#include "core/store/model_store.h"
#include "ui/models/model_list.h"
#include "ui/studio/services.h"
#include "ui/widgets/worker.h"

namespace bwla::ui {

/// Which models there are: opens what the user names, looks through the folders, remembers what was
/// used and removed. Files are read on workers; the list fills as models are found.
class ModelLibrary : public QObject {
    Q_OBJECT

public:
    struct Refused {
        QString path, reason;
    };

    explicit ModelLibrary(Services& services, QObject* parent = nullptr);

    [[nodiscard]] ModelList& list() { return list_; }
    [[nodiscard]] const QList<Refused>& notListed() const { return refused_; }
    [[nodiscard]] bool scanning() const { return scanning_; }
    /// Folders that a scan looks through: this program's own, Hugging Face's cache, the user's.
    [[nodiscard]] QStringList folders() const;
    /// No model was named or used yet.
    [[nodiscard]] bool untouched() const;

    /// A model, or a folder that holds models: then it is added to the folders.
    void open(const QString& path);
    void addFolder(const QString& path);
    void rescan();
    void setUsed(const QString& path);
    /// Off the list; its files stay. By value: callers may hold the row's own path. False where
    /// that cannot be kept.
    bool remove(QString path);
    void undoRemove();

Q_SIGNALS:
    void opened(const QString& path); ///< listed now, maybe still being checked
    void scanChanged();               ///< scanning() or notListed()
    void checked(const QString& path);

private:
    void found(ModelSummary summary);
    void check(const QString& path);
    void finishScan(const QStringList& seen);

    Services& services_;
    ModelStore store_;
    ModelList list_;
    QList<Refused> refused_;
    QString removed_;
    bool scanning_ = false;
    Worker scanner_, opener_; ///< last: stopped before the list goes
};

} // namespace bwla::ui
