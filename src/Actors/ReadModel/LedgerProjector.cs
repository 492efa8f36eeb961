using System.Data.Common;
using ControlPlane.Actors.Storage;
using ControlPlane.Domain.Budgets;

namespace ControlPlane.Actors.ReadModel;

/// <summary>
/// The books: each budget's balances by window, and one line for each thing that ever changed them. The lines of a window add up to its balance, also across a
/// change of the budget's limit, window or place in the tree.
/// </summary>
public sealed class LedgerProjector : IProjector
{
    public string SchemaFor(StorageProvider provider) => Columns.SchemaFor(provider, LedgerTables.Schema);

    public async Task ApplyAsync(RecordedEvent recorded, DbConnection connection, DbTransaction transaction, CancellationToken cancel)
    {
        if (recorded.Event is not LedgerEvent @event)
            return;
        var books = new LedgerBooks(recorded, connection, transaction, cancel);
        switch (@event)
        {
            case LedgerEvent.Configured e:
                await books.ConfigureAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.LeaseGranted e:
                await books.GrantAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.LeaseRenewed e:
                await books.RenewAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.LeaseSettled e:
                await books.SettleAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.RequestQueued e:
                await books.QueueAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.RequestWithdrawn e:
                await books.WithdrawAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.RenewalDenied e:
                await books.DenyAsync(e).ConfigureAwait(false);
                break;
            case LedgerEvent.AlertReached e:
                await books.AlertAsync(e).ConfigureAwait(false);
                break;
        }
    }
}
