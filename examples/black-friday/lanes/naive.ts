/** As most code has it: three immediate retries, and no limit to them. */
export const naiveLane = (limit: number) => ({
  async charge(url: string): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        const signal = AbortSignal.timeout(limit);
        const response = await fetch(url, { method: 'POST', signal });
        if (response.status < 500 || attempt > 3) return response;
      } catch (error) {
        if (attempt > 3) throw error;
      }
    }
  },
});
