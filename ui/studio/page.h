// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QString>
#include <QWidget>

#include <optional>

class QAbstractButton;

namespace bwla::ui {

/// A job that a page runs, for the status strip.
struct JobStatus {
    QString text;          ///< "Quantizing SmolLM2: 62 %, 3 min left"
    double fraction = 0.0; ///< 0 .. 1
};

/// One page of the window. Pages know each other only through these signals.
class Page : public QWidget {
    Q_OBJECT

public:
    using QWidget::QWidget;
    [[nodiscard]] virtual QString title() const = 0;
    /// Name of an icon in resources/icons.
    [[nodiscard]] virtual QString iconName() const = 0;
    /// Stands beside the title: a selector of a model or run. May be null; the header takes it
    /// over.
    virtual QWidget* headerContext() { return nullptr; }
    /// Stand at the right end of the header, the primary one last.
    virtual QList<QWidget*> headerActions() { return {}; }
    /// The page came to the front.
    virtual void activated() {}
    /// Esc: stops what runs or closes what is open. False when there was nothing.
    virtual bool escape() { return false; }
    /// Before the window closes: a sentence that asks, where something would be lost.
    [[nodiscard]] virtual std::optional<QString> reasonToStay() const { return std::nullopt; }
    /// Keys of the page for Help, "Ctrl+Enter" -> "Start quantizing".
    [[nodiscard]] virtual QList<std::pair<QString, QString>> keys() const { return {}; }

Q_SIGNALS:
    void openModelRequested(const QString& path); ///< show it on Models
    void quantizeRequested(const QString& modelPath);
    void inspectRequested(const QString& artifactPath);
    /// Either may be empty: then one model alone.
    void chatRequested(const QString& originalPath, const QString& quantizedPath);
    void deviceInUse(const QString& device); ///< an engine runs on it
    void modelsChanged(); ///< a model was added, written or removed
    void jobChanged(const std::optional<bwla::ui::JobStatus>& status);
};

} // namespace bwla::ui
